package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// pollInterval is how often the hosts' files are looked at: to that, times are exact.
const pollInterval = 100 * time.Millisecond

// trial is one run of a case.
type trial struct {
	experiment.Case
	options *options
	dir     string // of all files
	logs    string
	network *network
	payload *payload
	tracker tracker
	members []*member // those that fetch, in the order in which they start
	faultAt time.Duration
	still   standstill // of the first rack, from the fault on
	cpu     cpuMeter
}

// member is a host with its client.
type member struct {
	*host
	*netlab.Process // nil: not yet started
	*fetched
	client   string
	killed   bool
	finished time.Duration // from the start of the first client on; 0: not yet
	progress []float64     // share of the payload that was there after each second
}

func (m *member) kill() error {
	m.killed = true
	if m.Process == nil {
		return nil
	}
	return m.Kill()
}

// newMember prepares a host's directory.
func (t *trial) newMember(h *host, client string) (*member, error) {
	at := t.at(h)
	if err := at.Prepare(); err != nil {
		return nil, err
	}
	torrent := filepath.Join(at.Dir, "watch", payloadName+".torrent")
	if err := os.WriteFile(torrent, t.payload.torrent, 0o600); err != nil {
		return nil, err
	}
	return &member{host: h, client: client, fetched: t.payload.fetchedTo(filepath.Join(at.Dir, "payload", payloadName))}, nil
}

func (t *trial) at(h *host) clients.Host {
	return clients.Host{Dir: filepath.Join(t.dir, h.namespace), Addr: h.addr, Discovery: t.options.discovery}
}

// start runs the member's client in its namespace, with nothing of our environment, least of
// all the address of an HTTP proxy.
func (t *trial) start(m *member) error {
	at := t.at(m.host)
	arguments, err := clients.All[m.client](at)
	if err != nil {
		return err
	}
	command := netlab.Inside(m.namespace, arguments...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + at.Dir}
	m.Process, err = netlab.Start(command, filepath.Join(t.logs, m.namespace+"-"+m.client+".log"), syscall.SIGKILL)
	return err
}

// seed starts the first seeder, and waits until the tracker knows it.
func (t *trial) seed(ctx context.Context) (*member, error) {
	m, err := t.newMember(t.network.seeder, clientOf(t.Client, 0, 0))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(m.path, t.payload.content, 0o600); err != nil {
		return nil, err
	}
	if err := t.start(m); err != nil {
		return nil, err
	}
	if err := awaitSeeder(ctx, t.payload.hash); err != nil {
		m.Stop()
		return nil, err
	}
	return m, nil
}

// addMembers makes the members, in the order in which they are to start: a random one.
func (t *trial) addMembers() error {
	for _, h := range t.network.hosts {
		m, err := t.newMember(h, clientOf(t.Client, h.rack, h.number))
		if err != nil {
			return err
		}
		t.members = append(t.members, m)
	}
	rand.Shuffle(len(t.members), func(i, j int) { t.members[i], t.members[j] = t.members[j], t.members[i] })
	return nil
}

// push lets the clients start, and returns when all that live have the payload, or the limit
// has passed, with what crossed the links meanwhile.
func (t *trial) push(ctx context.Context) (counters, error) {
	before, err := t.network.count()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for tick := time.NewTicker(pollInterval); ; {
		elapsed := time.Since(began)
		if err := t.startDue(elapsed); err != nil {
			return nil, err
		}
		t.poll(elapsed)
		t.cpu.sample()
		if err := t.injectFault(ctx, elapsed); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Fault, err)
		}
		if t.done() || elapsed > t.options.Limit {
			break
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	after, err := t.network.count()
	return after.minus(before), err
}

// injectFault lets the fault happen once it is time, and watches the first rack from then on.
func (t *trial) injectFault(ctx context.Context, elapsed time.Duration) error {
	inject := faults[t.Fault].inject
	if inject == nil {
		return nil
	}
	if t.faultAt > 0 {
		t.still.see(elapsed, survivors(t.members))
		return nil
	}
	done, err := inject(ctx, t)
	if done {
		t.faultAt, t.still = elapsed, standstill{moved: elapsed, progress: survivors(t.members)}
	}
	return err
}

// startDue starts those whose time has come: they are spread evenly.
func (t *trial) startDue(elapsed time.Duration) error {
	for n, m := range t.members {
		if due := t.options.Spread * time.Duration(n) / time.Duration(len(t.members)); m.Process == nil && !m.killed && due <= elapsed {
			if err := t.start(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trial) poll(elapsed time.Duration) {
	for _, m := range t.members {
		if m.finished > 0 || m.killed {
			continue
		}
		m.poll()
		if elapsed >= time.Duration(len(m.progress))*time.Second {
			m.progress = append(m.progress, math.Round(m.share()*1000)/1000)
		}
		if m.complete() {
			m.finished = elapsed
		}
	}
}

func (t *trial) done() bool {
	return !slices.ContainsFunc(t.members, func(m *member) bool { return m.finished == 0 && !m.killed })
}

// end kills all clients.
func (t *trial) end(seeder *member) {
	for _, m := range append(t.members, seeder) {
		if m.Process != nil {
			_ = m.Kill() // it may have ended
			<-m.Ended
		}
	}
}

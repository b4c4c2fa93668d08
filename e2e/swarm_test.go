package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// swarm is a transfer and those who take part in it.
type swarm struct {
	cluster     cluster
	payload     payload
	hash        string
	members     []*member
	connections map[connection]bool // that were observed
}

// member is a client on a host of its own.
type member struct {
	host
	*netlab.Process
	client  string
	started time.Time
	file    string // the payload on this host
	fetches bool   // it had nothing of the payload at first
	whole   bool   // it is known to have everything
	killed  bool
}

func (m *member) String() string { return m.client + " at " + m.addr.String() }

// newSwarm registers a new payload with the tracker, through the proxy, where its
// clients announce as well.
func newSwarm(t testing.TB, c cluster, name string, size int) *swarm {
	t.Helper()
	return newSwarmAt(t, c, name, size, trackerURL+"/announce")
}

// newSwarmAt is one whose clients announce elsewhere.
func newSwarmAt(t testing.TB, c cluster, name string, size int, tracker string) *swarm {
	t.Helper()
	p := newPayload(t, name, size, tracker)
	return &swarm{cluster: c, payload: p, hash: c.upload(t, name, p.torrent), connections: map[connection]bool{}}
}

// seed starts a client that has the payload.
func (s *swarm) seed(t testing.TB, rack int, name string) *member {
	return s.join(t, rack, name, s.payload.content)
}

// fetch starts a client that has nothing.
func (s *swarm) fetch(t testing.TB, rack int, name string) *member {
	return s.join(t, rack, name, nil)
}

func (s *swarm) join(t testing.TB, rack int, name string, content []byte) *member {
	t.Helper()
	return s.joinAt(t, newHost(t, rack), name, content)
}

func (s *swarm) joinAt(t testing.TB, h host, name string, content []byte) *member {
	t.Helper()
	dir := t.TempDir()
	at := clients.Host{Dir: dir, Addr: h.addr}
	if err := at.Prepare(); err != nil {
		t.Fatal(err)
	}
	m := &member{
		host: h, client: name, started: time.Now(), fetches: content == nil,
		file: filepath.Join(dir, "payload", s.payload.name),
	}
	if !m.fetches {
		write(t, m.file, content)
	}
	write(t, filepath.Join(dir, "watch", s.payload.name+".torrent"), s.payload.torrent)
	arguments, err := clientNamed(name)(h, at)
	if err != nil {
		t.Fatal(err)
	}
	command := netlab.Inside(h.name, arguments...)
	// Nothing of our environment, least of all the address of an HTTP proxy.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	m.Process = start(t, command, filepath.Join(dir, name+".log"), syscall.SIGKILL)
	s.members = append(s.members, m)
	return m
}

// kill ends a client at once: it tells nobody.
func (m *member) kill(t testing.TB) {
	t.Helper()
	if err := m.Kill(); err != nil {
		t.Fatal(err)
	}
	m.killed = true
}

// member is the one with this address, or nil.
func (s *swarm) member(addr netip.Addr) *member {
	for _, m := range s.members {
		if m.addr == addr {
			return m
		}
	}
	return nil
}

// await repeats a check until it finds no fault any more, and observes the
// swarm's connections meanwhile. No client may end.
func (s *swarm) await(t testing.TB, check func() error) {
	t.Helper()
	await(t, func() error {
		for _, m := range s.members {
			if !m.killed && m.HasEnded() {
				t.Fatalf("%v ended", m)
			}
		}
		if err := s.observe(); err != nil {
			t.Fatal(err)
		}
		return check()
	})
}

// awaitAnnounced waits until the tracker knows every member.
func (s *swarm) awaitAnnounced(t testing.TB) {
	t.Helper()
	s.await(t, func() error {
		got, err := s.statistics()
		if err == nil && got.Global.Peers != len(s.members) {
			err = fmt.Errorf("%d of %d clients have announced: %+v", got.Global.Peers, len(s.members), got)
		}
		return err
	})
}

// finish waits until every member has the payload and the tracker says so, and
// checks whom they were connected with.
func (s *swarm) finish(t testing.TB) {
	t.Helper()
	s.await(t, func() error { return s.checkPayloads(t) })
	s.await(t, s.checkStatistics)
	s.await(t, s.checkScrape)
	s.checkTiers(t)
}

// checkPayloads looks at the members that are not known to have everything.
func (s *swarm) checkPayloads(t testing.TB) error {
	t.Helper()
	var missing error
	for _, m := range s.members {
		if m.whole || m.killed {
			continue
		}
		if err := s.payload.compare(m.file); err != nil {
			missing = fmt.Errorf("%v: %w", m, err)
			continue
		}
		m.whole = true
		if m.fetches {
			t.Logf("%v has everything %v after its start", m, time.Since(m.started).Round(time.Second))
		}
	}
	return missing
}

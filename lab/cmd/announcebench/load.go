package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// The protocols of a load.
const (
	protocolKeepAlive = "keepalive" // HTTP, connections are kept
	protocolClose     = "close"     // HTTP, a connection for each announce
	protocolUDP       = "udp"
)

var protocols = []string{protocolKeepAlive, protocolClose, protocolUDP}

// load is what one run of the generator does.
type load struct {
	Protocol    string
	Targets     []string
	Hosts       int
	Racks       int
	Workload    workload
	Want        int
	Connections int
	Rate        float64 // 0: closed loop
	Limit       int     // announces, 0: no limit
	Duration    time.Duration
	Deadline    time.Duration
	Mix         mix
	Prepare     bool             // every host announces before anything is measured
	Fresh       bool             // otherwise: hosts have not announced before
	Watch       map[string][]int // pids of processes by the name of what they are

	targets []*unix.SockaddrInet4
}

// result is what a load measured.
type result struct {
	counts
	latency
	Fault         string             `json:"fault,omitempty"` // the first
	Seconds       float64            `json:"seconds"`
	PerSecond     float64            `json:"announces_per_second"`
	PeersPerReply float64            `json:"peers_per_reply"`
	CPU           map[string]float64 `json:"cpu_us_per_announce"` // by the names of Watch
	Before        map[string]int     `json:"resident_bytes_before"`
	After         map[string]int     `json:"resident_bytes_after"`
}

func (l *load) check() error {
	if !slices.Contains(protocols, l.Protocol) {
		return fmt.Errorf("--protocol: must be one of %v, not %.80q", protocols, l.Protocol)
	}
	if len(l.Targets) == 0 {
		return fmt.Errorf("--target: there must be one at least")
	}
	for _, text := range l.Targets {
		target, err := parseTarget(text)
		if err != nil {
			return err
		}
		l.targets = append(l.targets, target)
	}
	switch {
	case l.Connections < 1 || l.Connections > l.Hosts:
		return fmt.Errorf("--connections: must be 1 at least, and no more than there are hosts, not %d", l.Connections)
	case l.Rate < 0:
		return fmt.Errorf("--rate: must not be negative, as %v is", l.Rate)
	case l.Duration <= 0:
		return fmt.Errorf("--duration: must be more than 0, not %v", l.Duration)
	case l.Deadline <= 0 || l.Deadline > time.Minute:
		return fmt.Errorf("--deadline: must be more than 0 and a minute at most, not %v", l.Deadline)
	case l.Mix.completed < 0 || l.Mix.stopped < 0 || l.Mix.completed+l.Mix.stopped > 1:
		return fmt.Errorf("--completed, --stopped: must be shares of one")
	}
	return nil
}

// wait is how many milliseconds the generator may sleep when there is nothing to do. In an
// open loop it spins, so that it sends when it should and not when the kernel wakes it: it
// has a core of its own. Not so in a storm, where a millisecond more does not matter.
func (l *load) wait() int {
	switch {
	case l.Fresh:
		return 1
	case l.Rate > 0:
		return 0
	}
	return int(sweepEvery / time.Millisecond)
}

// run does what the load says.
func (l *load) run() (*result, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	p, err := newPopulation(l.Hosts, l.Racks, l.Workload)
	if err != nil {
		return nil, err
	}
	p.mix, p.want = l.Mix, l.Want
	g, err := newGenerator(l, p)
	if err != nil {
		return nil, err
	}
	if l.Prepare {
		t, err := g.run(schedule{limit: l.Hosts})
		if err != nil {
			return nil, err
		}
		if t.bad() > l.Hosts/100 {
			return nil, fmt.Errorf("preparing: of %d announces %+v: %s", l.Hosts, t.counts, t.fault)
		}
	} else if !l.Fresh {
		p.join()
	}
	return l.measure(g)
}

func (l *load) measure(g *generator) (*result, error) {
	memory, err := watch(l.Watch, residentBytes)
	if err != nil {
		return nil, err
	}
	before, err := watch(l.Watch, cpuTime)
	if err != nil {
		return nil, err
	}
	t, err := g.run(schedule{rate: l.Rate, end: l.Duration, limit: l.Limit})
	if err != nil {
		return nil, err
	}
	after, err := watch(l.Watch, cpuTime)
	if err != nil {
		return nil, err
	}
	r := &result{
		counts: t.counts, latency: t.latency(), Fault: t.fault, Seconds: t.took.Seconds(),
		PerSecond: float64(t.Answered) / t.took.Seconds(), Before: memory,
	}
	if t.Answered > 0 {
		r.PeersPerReply = float64(t.peers) / float64(t.Answered)
		r.CPU = map[string]float64{}
		for name, used := range after {
			r.CPU[name] = float64((used - before[name]).Microseconds()) / float64(t.Answered)
		}
	}
	r.After, err = watch(l.Watch, residentBytes)
	return r, err
}

// watch reads something of processes, by the names of what they are.
func watch[N any](processes map[string][]int, read func(pids []int) (N, error)) (map[string]N, error) {
	all := map[string]N{}
	for name, pids := range processes {
		n, err := read(pids)
		if err != nil {
			return nil, fmt.Errorf("--watch: %w", err)
		}
		all[name] = n
	}
	return all, nil
}

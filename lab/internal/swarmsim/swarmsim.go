// Package swarmsim simulates a BitTorrent swarm in a datacenter: hosts in racks, links with
// rates, and clients that choke, pick the rarest piece and announce to a tracker. It counts
// what crosses the uplinks of racks. The tracker is asked as it is in reality; all else is a
// model. docs/simulator.md says what it leaves out.
//
// Time is in seconds since the first host joined, data in bytes, rates in bytes per second.
package swarmsim

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// Tracker is who hosts announce to. It is asked by one goroutine alone. now is the simulated
// time.
type Tracker interface {
	// Announce records a host and says whom it is to connect to.
	Announce(now time.Duration, a tracker.Announce) (tracker.Handout, error)

	// Probed tells how the probe of a representative ended, which took some time. If it is
	// to be probed again, next says when.
	Probed(now time.Duration, c tracker.Check, took time.Duration, alive bool) (next tracker.Check, again bool, err error)
}

// Config is one swarm.
type Config struct {
	Groups  []int   // racks, or groups around them, in each group, outermost first
	Hosts   int     // in each rack
	Payload float64 // bytes
	Pieces  int     // into which the payload is cut
	Uplink  float64 // rate of each group's uplink, in each direction
	Host    float64 // rate of each host's link, in each direction

	// Clients are the hosts' by turns, in each rack from another one on; the first seeder
	// has the first.
	Clients []Client

	Spread   float64 // hosts join within so many seconds, in random order
	Interval float64 // seconds between two announces, as clients are told
	Fault    Fault

	Step  float64 // least seconds between two times that links are shared; 0: at each change
	Limit float64 // seconds after which it ends
	Seed  uint64
}

// Fault is what goes wrong.
type Fault struct {
	SeederInRack bool    // the first seeder is one more host of the first rack
	SlowShare    float64 // share of the hosts that are slow, evenly spread
	Slowness     float64 // by which the rate of a slow host's link is divided
	DeadRacks    int     // racks whose representatives die when its first host has DeadAt of the payload
	DeadAt       float64 // share of the payload
}

// Sim is a swarm that runs.
type Sim struct {
	cfg     Config
	tracker Tracker
	rng     *rand.Rand
	now     float64

	net      network
	groups   []*group // racks first
	racks    int
	hosts    []*host
	byAddr   map[netip.AddrPort]*host
	flows    []*flow
	parts    partHeap
	events   eventHeap
	order    int     // of the next event
	stale    bool    // flows have begun or ended since links were shared
	sharedAt float64 // when links were shared last
	lacking  int     // hosts that do not have everything yet, without dead ones
	ties     []int   // scratch, and so are the next two
	paths    [][]int32
	rates    []float64
	faultAt  float64 // when the fault came
	err      error
}

// New builds a swarm.
func New(cfg Config, t Tracker) *Sim {
	s := &Sim{
		cfg: cfg, tracker: t, rng: rand.New(rand.NewPCG(cfg.Seed, 1)),
		byAddr: map[netip.AddrPort]*host{}, sharedAt: math.Inf(-1),
	}
	s.build()
	return s
}

// Run runs it until each host that lives has the payload, or Limit, or the context is done:
// that is an error.
func (s *Sim) Run(ctx context.Context) (*experiment.Outcome, error) {
	for s.err == nil && s.lacking > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next := math.Inf(1)
		if len(s.events) > 0 {
			next = s.events[0].at
		}
		if len(s.parts) > 0 {
			next = min(next, s.parts[0].finish)
		}
		if s.stale && max(s.now, s.sharedAt+s.cfg.Step) <= next {
			s.now = max(s.now, s.sharedAt+s.cfg.Step)
			s.shareLinks()
			continue
		}
		if next > s.cfg.Limit {
			break
		}
		s.now = next
		if len(s.parts) > 0 && s.parts[0].finish <= next {
			s.finish(s.parts[0])
			continue
		}
		heap.Pop(&s.events).(*event).do()
	}
	s.now = min(s.now, s.cfg.Limit)
	for _, f := range s.flows {
		s.settle(f)
	}
	return s.outcome(), s.err
}

// after does something in so many seconds.
func (s *Sim) after(seconds float64, do func()) {
	s.order++
	heap.Push(&s.events, &event{at: s.now + seconds, order: s.order, do: do})
}

func (s *Sim) clock() time.Duration { return time.Duration(s.now * float64(time.Second)) }

func (s *Sim) fail(err error) {
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("at %.3f s: %w", s.now, err)
	}
}

type event struct {
	at    float64
	order int // of those at one time
	do    func()
}

type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(*event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}

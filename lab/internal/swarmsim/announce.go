package swarmsim

import (
	"fmt"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// probeTakes is how long the probe of a dead host takes: two attempts that time out after two
// seconds each, and a second between them (see tracker/probe).
const probeTakes = 5.0

// announce lets a host ask the tracker, dial whom it is handed, and come back.
func (s *Sim) announce(h *host, event tracker.Event) {
	if h.dead {
		return
	}
	handout, err := s.tracker.Announce(s.clock(), s.request(h, event))
	if err != nil {
		s.fail(fmt.Errorf("announce of host %d: %w", h.id, err))
		return
	}
	h.represents = handout.Represents
	s.probe(handout.Checks)
	for _, handed := range handout.Peers {
		if other := s.byAddr[handed.Addr4]; other != nil {
			s.connect(h, other)
		}
	}
	h.announces++
	turn := h.announces
	wait := max(s.cfg.Interval*(0.95+0.1*s.rng.Float64()), h.client.Floor)
	s.after(wait, func() {
		if h.announces == turn { // it has not said `completed` meanwhile
			s.announce(h, tracker.EventNone)
		}
	})
}

func (s *Sim) request(h *host, event tracker.Event) (a tracker.Announce) {
	copy(a.PeerID[:], fmt.Sprintf("-SW0001-%012d", h.id))
	a.Key, a.Addr, a.Event, a.NumWant, a.Compact = "k", h.addr, event, h.client.NumWant, true
	a.Location = "core"
	if len(h.groups) > 0 {
		a.Location = h.groups[0].location
	}
	for _, p := range h.peers {
		a.Uploaded += uint64(p.sent)
	}
	if !h.complete(s) {
		a.Downloaded = uint64(h.received)
		a.Left = max(uint64(s.cfg.Payload/float64(s.cfg.Pieces))*uint64(s.cfg.Pieces-h.pieces), 1)
	}
	return a
}

// probe does what a frontend does that was told of representatives.
func (s *Sim) probe(checks []tracker.Check) {
	for _, c := range checks {
		s.after(c.After.Seconds(), func() {
			h := s.byAddr[c.Addr]
			took := 0.0
			if h.dead {
				took = probeTakes
			}
			s.after(took, func() {
				next, again, err := s.tracker.Probed(s.clock(), c, time.Duration(took*float64(time.Second)), !h.dead)
				s.fail(err)
				if again && err == nil {
					s.probe([]tracker.Check{next})
				}
			})
		})
	}
}

// checkFault kills the representatives of racks, when a host has enough.
func (s *Sim) checkFault(h *host) {
	f := s.cfg.Fault
	if s.faultAt > 0 || f.DeadRacks == 0 || h.seeder || float64(h.pieces) < f.DeadAt*float64(s.cfg.Pieces) {
		return
	}
	if h.groups[0] != s.groups[0] {
		return
	}
	s.faultAt = s.now
	for _, rack := range s.groups[:min(f.DeadRacks, s.racks)] {
		for _, mate := range rack.hosts {
			if mate.represents > 0 && !mate.seeder {
				s.after(0, func() { s.die(mate) })
			}
		}
	}
}

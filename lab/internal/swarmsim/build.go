package swarmsim

import (
	"fmt"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// group is a rack, or a group around racks.
type group struct {
	location tracker.Location
	outer    *group // nil: there is none around
	in, out  int32  // its uplink's directions
	hosts    []*host
	held     pieceSet // pieces that some host of it has
	imported [origins]float64
}

// levels name the groups by how many are around racks at most.
var levels = [...]string{"r", "row", "dc", "site"}

// build makes hosts and links.
func (s *Sim) build() {
	var around []*group
	for level, n := range s.cfg.Groups {
		name := levels[len(s.cfg.Groups)-1-level]
		var next []*group
		if level == 0 {
			around = []*group{nil}
		}
		for _, outer := range around {
			for i := range n {
				next = append(next, s.newGroup(outer, fmt.Sprint(name, i+1)))
			}
		}
		s.groups = append(next, s.groups...)
		around, s.racks = next, len(next)
	}
	for number, rack := range s.groups[:s.racks] {
		for i := range s.cfg.Hosts {
			s.newHost(rack, s.cfg.Clients[(number+i)%len(s.cfg.Clients)], s.isSlow(number, i))
		}
	}
	s.lacking = len(s.hosts)
	var rack *group
	if s.cfg.Fault.SeederInRack {
		rack = s.groups[0]
	}
	seeder := s.newHost(rack, s.cfg.Clients[0], false)
	seeder.seeder = true
	s.start(seeder)
}

// isSlow spreads slow hosts evenly over racks and over their places there.
func (s *Sim) isSlow(rack, i int) bool {
	n := float64(rack*s.cfg.Hosts + i)
	return int((n+1)*s.cfg.Fault.SlowShare) > int(n*s.cfg.Fault.SlowShare)
}

func (s *Sim) newGroup(outer *group, name string) *group {
	g := &group{location: tracker.Location(name), outer: outer, held: newPieceSet(s.cfg.Pieces)}
	if outer != nil {
		g.location = outer.location + "/" + g.location
	}
	g.in, g.out = s.net.add(s.cfg.Uplink), s.net.add(s.cfg.Uplink)
	return g
}

func (s *Sim) newHost(rack *group, client Client, slow bool) *host {
	rate := s.cfg.Host
	if slow {
		rate /= s.cfg.Fault.Slowness
	}
	id := len(s.hosts)
	h := &host{
		id: id, client: client, slow: slow, down: s.net.add(rate), up: s.net.add(rate),
		addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(id >> 16), byte(id >> 8), byte(id)}), 6881),
		have: newPieceSet(s.cfg.Pieces), begun: newPieceSet(s.cfg.Pieces), available: make([]uint16, s.cfg.Pieces),
	}
	for g := rack; g != nil; g = g.outer {
		h.groups = append(h.groups, g)
	}
	if rack != nil {
		rack.hosts = append(rack.hosts, h)
	}
	s.hosts = append(s.hosts, h)
	s.byAddr[h.addr] = h
	return h
}

// start lets the first seeder join at once, and then all others within Spread.
func (s *Sim) start(seeder *host) {
	for p := range s.cfg.Pieces {
		seeder.have.add(p)
		if len(seeder.groups) > 0 {
			seeder.groups[0].held.add(p)
		}
	}
	seeder.pieces = s.cfg.Pieces
	s.after(0, func() { s.join(seeder) })
	for _, h := range s.hosts[:len(s.hosts)-1] {
		s.after(s.rng.Float64()*s.cfg.Spread, func() { s.join(h) })
	}
}

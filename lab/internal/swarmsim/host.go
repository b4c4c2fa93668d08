package swarmsim

import (
	"net/netip"
	"slices"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// host is a client on a machine.
type host struct {
	id       int
	addr     netip.AddrPort
	client   Client
	groups   []*group // from its rack outwards; none: it stands on the core
	up, down int32
	seeder   bool // the first
	slow     bool

	joined     bool
	began      float64 // when it joined
	dead       bool
	done       float64 // when it had everything
	represents int     // groups, as the tracker said last
	announces  int     // so far

	have      pieceSet
	begun     pieceSet // pieces in parts
	pieces    int
	available []uint16 // how many of its peers have a piece
	parts     []*part
	received  float64

	peers      []*peer
	round      int
	optimistic []*peer // unchoked to see what they give
}

// peer is one of the two ends of a connection, as the host at this end sees the other.
type peer struct {
	self     *host
	mirror   *peer // the other end
	wants    bool  // the other has what this host lacks
	unchokes bool  // the other may fetch
	flow     *flow // from the other
	links    []int32

	received, sent  float64 // bytes
	judgedReceived  float64 // received when this host chose last
	judgedSent      float64
	rateIn, rateOut float64 // since then, at that time
	unchokedAt      float64
}

func (p *peer) other() *host { return p.mirror.self }

// path are the links on the way from the other host.
func (p *peer) path() []int32 {
	if p.links == nil {
		p.links = path(p.other(), p.self)
	}
	return p.links
}

func path(from, to *host) []int32 {
	links := []int32{from.up}
	inside := func(h *host, g *group) bool { return slices.Contains(h.groups, g) }
	for _, g := range from.groups {
		if !inside(to, g) {
			links = append(links, g.out)
		}
	}
	for _, g := range slices.Backward(to.groups) {
		if !inside(from, g) {
			links = append(links, g.in)
		}
	}
	return append(links, to.down)
}

// join lets a host take part.
func (s *Sim) join(h *host) {
	h.joined, h.began = true, s.now
	s.announce(h, tracker.EventStarted)
	// Clients begin their rounds when they start, which is not when their first peer is there.
	s.after(s.rng.Float64()*h.client.Round, func() { s.choke(h) })
}

// connect lets a host dial another one, which accepts as long as it has room.
func (s *Sim) connect(h, other *host) {
	full := len(h.peers) >= h.client.Connections || len(other.peers) >= other.client.Connections
	if h == other || full || !other.joined || other.dead || h.complete(s) && other.complete(s) || h.knows(other) {
		return
	}
	p, q := &peer{self: h}, &peer{self: other}
	p.mirror, q.mirror = q, p
	for _, p := range []*peer{p, q} {
		p.self.peers = append(p.self.peers, p)
		p.self.count(p.other().have, 1)
		p.wants = !p.other().have.within(p.self.have)
	}
	for _, p := range []*peer{p, q} {
		if p.mirror.wants {
			s.wanted(p)
		}
	}
}

func (h *host) knows(other *host) bool {
	return slices.ContainsFunc(h.peers, func(p *peer) bool { return p.other() == other })
}

func (h *host) complete(s *Sim) bool { return h.pieces == s.cfg.Pieces }

// count adds a peer's pieces to what is available, or takes them off.
func (h *host) count(have pieceSet, by int) {
	for i, word := range have {
		for ; word != 0; word &= word - 1 {
			h.available[i<<6+lowest(word)] += uint16(by)
		}
	}
}

// disconnect closes a connection.
func (s *Sim) disconnect(p *peer) {
	for _, p := range []*peer{p, p.mirror} {
		if p.flow != nil {
			s.end(p.flow)
		}
	}
	for _, p := range []*peer{p, p.mirror} {
		h := p.self
		h.peers = slices.DeleteFunc(h.peers, func(other *peer) bool { return other == p })
		h.optimistic = slices.DeleteFunc(h.optimistic, func(other *peer) bool { return other == p })
		h.count(p.other().have, -1)
		p.wants, p.unchokes = false, false
	}
	for _, p := range []*peer{p, p.mirror} {
		s.fill(p.self)
	}
}

// gain gives a host a piece, which its peers hear of.
func (s *Sim) gain(h *host, piece int) {
	h.have.add(piece)
	h.pieces++
	if len(h.groups) > 0 {
		h.groups[0].held.add(piece)
	}
	for _, p := range slices.Clone(h.peers) {
		other := p.other()
		other.available[piece]++
		if !other.have.has(piece) && !p.mirror.wants {
			p.mirror.wants = true
			s.wanted(p)
			s.begin(p.mirror)
		}
		if p.wants && other.have.has(piece) && other.have.within(h.have) {
			p.wants = false
			if p.flow == nil {
				s.loseInterest(p)
			} // else the flow has no part any more, and finish ends it
		}
	}
	if h.complete(s) {
		s.complete(h)
	}
	s.checkFault(h)
}

// complete is for a host that has everything from now on.
func (s *Sim) complete(h *host) {
	h.done = s.now
	s.lacking--
	if h.client.SaysCompleted {
		s.after(0, func() { s.announce(h, tracker.EventCompleted) })
	}
	for _, p := range slices.Clone(h.peers) {
		if p.other().complete(s) {
			s.disconnect(p)
		}
	}
}

// die ends a host without a word.
func (s *Sim) die(h *host) {
	if h.dead {
		return
	}
	h.dead = true
	if !h.complete(s) {
		s.lacking--
	}
	for _, p := range slices.Clone(h.peers) {
		s.disconnect(p)
	}
}

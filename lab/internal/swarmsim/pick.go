package swarmsim

import "slices"

// origin says what a host fetches, and from where.
type origin int

const (
	fresh   origin    = iota // from outside its rack, where nobody has it
	twice                    // from outside, while another host of the rack is about to get it
	known                    // from outside, though a host of the rack has it
	origins                  // how many there are
	inside  = origins        // from its own rack; or by a host on the core
)

// origin is where a part comes from.
func (p *peer) origin(pt *part) origin {
	h := p.self
	if len(h.groups) == 0 || len(p.other().groups) > 0 && p.other().groups[0] == h.groups[0] {
		return inside
	}
	rack := h.groups[0]
	switch {
	case rack.held.has(pt.piece):
		return known
	case slices.ContainsFunc(rack.hosts, func(mate *host) bool { return mate != h && mate.begun.has(pt.piece) }):
		return twice
	}
	return fresh
}

// pick chooses what to fetch from a peer, who has something that the host lacks: first what
// was begun and left, then the rarest piece that its peers have, and last a part of one that
// others are sending, of those the one that would take longest.
func (s *Sim) pick(p *peer) *part {
	h, have := p.self, p.other().have
	var left, busy *part
	for _, pt := range h.parts {
		switch {
		case !have.has(pt.piece):
		case len(pt.flows) == 0 && (left == nil || pt.left < left.left):
			left = pt
		case len(pt.flows) > 0 && (busy == nil || pt.finish > busy.finish):
			busy = pt
		}
	}
	if left != nil {
		return left
	}
	piece := s.rarest(h, have)
	if piece < 0 {
		return busy
	}
	pt := &part{to: h, piece: piece, left: s.cfg.Payload / float64(s.cfg.Pieces), since: s.now, index: -1}
	h.parts = append(h.parts, pt)
	h.begun.add(piece)
	return pt
}

// rarest is one of the pieces of have that h lacks, and has not begun, which fewest of its
// peers have; -1: there is none.
func (s *Sim) rarest(h *host, have pieceSet) int {
	ties, least := s.ties[:0], uint16(1<<16-1)
	for i, word := range have {
		for word &^= h.have[i] | h.begun[i]; word != 0; word &= word - 1 {
			piece := i<<6 + lowest(word)
			switch n := h.available[piece]; {
			case n < least:
				ties, least = append(ties[:0], piece), n
			case n == least:
				ties = append(ties, piece)
			}
		}
	}
	s.ties = ties
	if len(ties) == 0 {
		return -1
	}
	return ties[s.rng.IntN(len(ties))]
}

// drop takes a part that is complete off the list.
func (h *host) drop(pt *part) {
	h.begun.remove(pt.piece)
	h.parts = slices.DeleteFunc(h.parts, func(other *part) bool { return other == pt })
}

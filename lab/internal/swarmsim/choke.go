package swarmsim

import (
	"cmp"
	"math"
	"slices"
)

// wanted is for a host whose peer begins to want something. Where there is room, and the
// client does not wait for its next round, it lets it fetch at once.
func (s *Sim) wanted(p *peer) {
	if p.unchokes {
		s.begin(p.mirror)
		return
	}
	if h := p.self; h.client.AtOnce && h.uploads() < h.client.Slots+h.client.Optimistic {
		s.unchoke(p)
	}
}

// loseInterest is for a host that wants nothing of a peer any more.
func (s *Sim) loseInterest(p *peer) { s.fill(p.other()) }

// fill gives slots that have become free to others, if the client does not wait for its next
// round.
func (s *Sim) fill(h *host) {
	if !h.client.AtOnce {
		return
	}
	free := h.client.Slots + h.client.Optimistic - h.uploads()
	if free <= 0 {
		return
	}
	waiting := slices.DeleteFunc(slices.Clone(h.peers), func(p *peer) bool { return p.unchokes || !p.mirror.wants })
	s.shuffle(waiting)
	if h.complete(s) {
		slices.SortStableFunc(waiting, longestWaiting)
	} else {
		slices.SortStableFunc(waiting, fastest)
	}
	for _, p := range waiting[:min(free, len(waiting))] {
		s.unchoke(p)
	}
}

// uploads counts the peers that fetch from a host, or could.
func (h *host) uploads() (n int) {
	for _, p := range h.peers {
		if p.unchokes && p.mirror.wants {
			n++
		}
	}
	return n
}

func (s *Sim) unchoke(p *peer) {
	if !p.unchokes {
		p.unchokes, p.unchokedAt = true, s.now
	}
	s.begin(p.mirror)
}

// choke is a round of a host: it chooses whom it lets fetch until the next one.
func (s *Sim) choke(h *host) {
	if h.dead {
		return
	}
	s.judge(h)
	waiting := slices.DeleteFunc(slices.Clone(h.peers), func(p *peer) bool { return !p.mirror.wants })
	s.shuffle(waiting)
	chosen := s.regular(h, waiting)
	chosen = append(chosen, h.chooseOptimistic(waiting, chosen)...)
	for _, p := range slices.Clone(h.peers) {
		if p.unchokes && !slices.Contains(chosen, p) {
			p.unchokes = false
			if p.mirror.flow != nil {
				s.end(p.mirror.flow)
			}
		}
	}
	for _, p := range chosen {
		s.unchoke(p)
	}
	s.after(h.client.Round, func() { s.choke(h) })
}

// chooseOptimistic chooses others than those: the same ones for some rounds.
func (h *host) chooseOptimistic(waiting, others []*peer) []*peer {
	if h.round%h.client.OptimisticRounds == 0 {
		h.optimistic = nil
	}
	h.round++
	h.optimistic = slices.DeleteFunc(h.optimistic, func(p *peer) bool { return slices.Contains(others, p) || !p.mirror.wants })
	for _, p := range waiting {
		if len(h.optimistic) < h.client.Optimistic && !slices.Contains(others, p) && !slices.Contains(h.optimistic, p) {
			h.optimistic = append(h.optimistic, p)
		}
	}
	return h.optimistic
}

// judge finds out how fast the peers of a host are.
func (s *Sim) judge(h *host) {
	for _, p := range h.peers {
		for _, f := range []*flow{p.flow, p.mirror.flow} {
			if f != nil {
				s.settle(f)
			}
		}
		p.rateIn, p.rateOut = p.received-p.judgedReceived, p.sent-p.judgedSent
		p.judgedReceived, p.judgedSent = p.received, p.sent
	}
}

// regular chooses those who get the slots that are no optimistic ones. waiting is in random
// order. A host that lacks something prefers who sends most. One that has everything lets
// peers fetch for Turn, and then those who have waited longest.
func (s *Sim) regular(h *host, waiting []*peer) []*peer {
	candidates := slices.Clone(waiting)
	if h.complete(s) {
		slices.SortStableFunc(candidates, longestWaiting)
		ends := s.now - h.client.Turn
		slices.SortStableFunc(candidates, func(p, q *peer) int { return boolCompare(q.since() > ends, p.since() > ends) })
	} else {
		slices.SortStableFunc(candidates, fastest)
	}
	return candidates[:min(h.client.Slots, len(candidates))]
}

// since is when a peer was let fetch for the first time in a row; long ago if it is not.
func (p *peer) since() float64 {
	if p.unchokes {
		return p.unchokedAt
	}
	return math.Inf(-1)
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func fastest(p, q *peer) int        { return cmp.Compare(q.rateIn, p.rateIn) }
func longestWaiting(p, q *peer) int { return cmp.Compare(p.unchokedAt, q.unchokedAt) }

func (s *Sim) shuffle(peers []*peer) {
	s.rng.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
}

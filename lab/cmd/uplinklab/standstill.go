package main

import "time"

// standstill is the longest time for which a rack's hosts got no piece, from a fault on, while one of
// them lacked some.
type standstill struct {
	progress
	moved   time.Duration
	longest time.Duration
}

// progress is how many pieces hosts have together, of how many.
type progress struct{ pieces, all int }

// see is told at every poll how far they are.
func (s *standstill) see(at time.Duration, now progress) {
	if s.pieces == s.all {
		return
	}
	s.longest = max(s.longest, at-s.moved)
	if now != s.progress {
		s.progress, s.moved = now, at
	}
}

// survivors are the first rack's hosts, but for those that were killed.
func survivors(members []*member) (p progress) {
	for _, m := range members {
		if m.rack == 1 && !m.killed {
			p.pieces, p.all = p.pieces+m.pieces, p.all+len(m.have)
		}
	}
	return p
}

package main

import "time"

// schedule says when announces are due, as times since its begin.
type schedule struct {
	// rate is how many are due in a second, at times that do not depend on answers: an open
	// loop. 0 is a closed loop: one is due whenever a client is free.
	rate  float64
	end   time.Duration // none is due from then on
	limit int           // how many there are at most; 0 is no limit
	sent  int
}

// next takes the next announce if it is due by now. Due is the time at which it should
// have been sent.
func (s *schedule) next(now time.Duration) (due time.Duration, ok bool) {
	due = s.due(now)
	if due > now || s.over(now) {
		return 0, false
	}
	s.sent++
	return due, true
}

// over says that there will be no more, though answers may be missing. In an open loop
// that does not depend on the time: those that could not be sent yet are still to come.
func (s *schedule) over(now time.Duration) bool {
	return s.limit > 0 && s.sent >= s.limit || s.end > 0 && s.due(now) >= s.end
}

func (s *schedule) due(now time.Duration) time.Duration {
	if s.rate == 0 {
		return now
	}
	return time.Duration(float64(s.sent) / s.rate * float64(time.Second))
}

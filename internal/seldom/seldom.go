// Package seldom bounds how often a log line is written that clients can provoke.
package seldom

import (
	"sync/atomic"
	"time"
)

// Line is a log line that is written once a minute at most. Any number of goroutines may ask it.
type Line struct {
	next       atomic.Int64 // unix time in nanoseconds
	suppressed atomic.Int64
}

// Due says whether to write the line now, and how often it was not since the last one.
func (l *Line) Due() (suppressed int64, due bool) {
	now, next := time.Now(), l.next.Load()
	if now.UnixNano() < next || !l.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		l.suppressed.Add(1)
		return 0, false
	}
	return l.suppressed.Swap(0), true
}

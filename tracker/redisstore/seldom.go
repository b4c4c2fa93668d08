package redisstore

import (
	"sync/atomic"
	"time"
)

// seldom lets something happen once a minute: a log line that clients can provoke.
type seldom struct{ last atomic.Int64 }

func (s *seldom) due() bool {
	last, now := s.last.Load(), time.Now().Unix()
	return now >= last+60 && s.last.CompareAndSwap(last, now)
}

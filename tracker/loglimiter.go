package tracker

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

// LogLimiter bounds a log line that clients can provoke to one a minute. Any number of goroutines
// may use it.
type LogLimiter struct {
	next       atomic.Int64 // unix time in nanoseconds
	suppressed atomic.Int64
}

// Log writes the line, unless one was written within the last minute. The line's attribute
// "suppressed" counts those that were not written since the last one.
func (l *LogLimiter) Log(log *slog.Logger, level slog.Level, message string, args ...any) {
	now, next := time.Now(), l.next.Load()
	if now.UnixNano() < next || !l.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		l.suppressed.Add(1)
		return
	}
	log.Log(context.Background(), level, message, append(slices.Clip(args), "suppressed", l.suppressed.Swap(0))...)
}

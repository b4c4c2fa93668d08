package redisstore

import "time"

// FastForward lets keys expire.
func (e *Embedded) FastForward(d time.Duration) { e.server.FastForward(d) }

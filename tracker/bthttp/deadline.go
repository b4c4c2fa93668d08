package bthttp

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlineShared is for how long new requests get the same context. One for each would cost a
// timer and a twentieth of the CPU time of an announce.
const deadlineShared = 100 * time.Millisecond

// deadlines hands out contexts that are done after a time, or when the parent is.
type deadlines struct {
	parent  context.Context //nolint:containedctx // it is what they are made of
	timeout time.Duration
	last    atomic.Pointer[deadline]
}

type deadline struct {
	ctx    context.Context //nolint:containedctx // likewise
	begun  time.Time
	cancel context.CancelFunc // not called: a deadline that passes frees all
}

// begin returns the context of a request that begins. Its deadline may be deadlineShared
// nearer than the timeout, half of which it has in any case.
func (d *deadlines) begin() context.Context {
	now := time.Now()
	last := d.last.Load()
	if last == nil || now.Sub(last.begun) > min(deadlineShared, d.timeout/2) {
		last = &deadline{begun: now}
		last.ctx, last.cancel = context.WithDeadline(d.parent, now.Add(d.timeout)) //nolint:gosec // see deadline
		d.last.Store(last)
	}
	return last.ctx
}

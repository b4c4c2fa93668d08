package tracker

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
)

// Requests are the announces and scrapes that come by one protocol. It bounds how many are
// pending, and logs those that fail. Any number of goroutines may use it.
type Requests struct {
	most    int64
	log     *slog.Logger
	pending atomic.Int64
	errors  LogLimiter
}

// NewRequests returns a Requests that admits most requests at a time, or any number if that is 0.
func NewRequests(most int, log *slog.Logger) *Requests {
	return &Requests{most: int64(most), log: log}
}

// Admit counts a request as pending, unless too many are. An admitted one ends with Done. Another
// fails with ErrBusy, and costs neither a lookup of the host's location nor a call of the store.
func (r *Requests) Admit() bool {
	if n := r.pending.Add(1); r.most > 0 && n > r.most {
		r.pending.Add(-1)
		return false
	}
	return true
}

// Done ends a request that was admitted.
func (r *Requests) Done() { r.pending.Add(-1) }

// Pending is how many requests are pending.
func (r *Requests) Pending() int64 { return r.pending.Load() }

// Fail logs why a request failed, and returns what follows from that. The attribute says what was
// asked; a client with port 0 is named by its address alone. Errors that nobody foresaw are logged
// once a minute, since whoever provokes one can do so with each request.
func (r *Requests) Fail(err error, asked slog.Attr, client netip.AddrPort) Failure {
	f := FailureOf(err)
	if !r.log.Enabled(context.Background(), f.Level) {
		return f
	}
	attrs := []any{asked, slog.Any("error", err), slog.String("client", clientName(client))}
	if f.Level == slog.LevelError {
		r.errors.Log(r.log, f.Level, "request failed", attrs...)
	} else {
		r.log.Log(context.Background(), f.Level, "request failed", attrs...)
	}
	return f
}

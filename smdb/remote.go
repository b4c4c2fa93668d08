package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// What bounds the questions to one remote source.
const (
	remoteCalls = 32               // questions under way at once
	remoteWait  = 10 * time.Second // for a place among them, when everybody starts at once

	remoteTries = 2 // of one question; each has LOCATION_TIMEOUT
	// The pause before another try, at random so that those who failed together
	// do not come back together.
	retryAfterMin = 50 * time.Millisecond
	retryAfterMax = 150 * time.Millisecond
)

// When most tries failed, the source is left alone for a while. Few tries prove
// nothing: the only host that asks may be the one whose record makes the service
// stumble.
const (
	breakerRate   = 0.75
	breakerTries  = 20
	breakerWindow = 10 * time.Second // and LOCATION_TIMEOUT, as tries that time out come no faster
	breakerPause  = 5 * time.Second  // varied by a fifth: not all frontends come back at once
	breakerTrials = 3                // that must all succeed then
)

// LookupTimeout is how long it may take to ask for one host, with the time given for
// a try: as long as everything goes as badly as it may. Local sources take none.
func (c *Chain) LookupTimeout(try time.Duration) time.Duration {
	timeout := try
	for _, l := range c.links {
		if l.remote {
			timeout += remoteTimeout(try)
		}
	}
	return timeout
}

// remoteTimeout is how long one remote source may take.
func remoteTimeout(try time.Duration) time.Duration {
	return remoteWait + remoteTries*try + (remoteTries-1)*retryAfterMax
}

// Event is something that the bounds of a remote source did, for whoever counts.
type Event string

const (
	EventRetry   Event = "retry"   // a try failed and is repeated
	EventFull    Event = "full"    // a question found no place among those under way
	EventRefused Event = "refused" // a try was not made, since most of late had failed
	EventOpened  Event = "opened"  // from now on tries are refused
	EventClosed  Event = "closed"  // from now on the source is asked as usual again
)

// remote is a source that may be slow, away or broken, behind bounds: so many
// questions at once, a deadline for each try, another try for one that failed,
// and none for a while when most fail. Whatever they refuse is a failure, never
// an answer: another source's answer would give the rack a second name.
type remote struct {
	name    string
	source  Source
	timeout time.Duration
	places  bulkhead.Bulkhead[tracker.Place]
	retries failsafe.Executor[tracker.Place]
	breaker circuitbreaker.CircuitBreaker[tracker.Place]
	log     *slog.Logger
	count   func(source string, event Event)
}

func newRemote(name string, source Source, env Env) *remote {
	r := &remote{name: name, source: source, timeout: env.Timeout, log: env.Log, count: env.count}
	if r.count == nil {
		r.count = func(string, Event) {}
	}
	r.places = bulkhead.New[tracker.Place](remoteCalls)
	r.retries = failsafe.With(retrypolicy.NewBuilder[tracker.Place]().
		HandleIf(func(_ tracker.Place, err error) bool {
			return !isAnswer(err) && !errors.Is(err, circuitbreaker.ErrOpen)
		}).
		WithMaxAttempts(remoteTries).
		WithRandomDelay(retryAfterMin, retryAfterMax).
		ReturnLastFailure().
		OnRetry(func(failsafe.ExecutionEvent[tracker.Place]) { r.count(name, EventRetry) }).
		Build())
	r.breaker = circuitbreaker.NewBuilder[tracker.Place]().
		WithFailureRateThreshold(breakerRate, breakerTries, breakerWindow+env.Timeout).
		WithDelay(breakerPause).WithJitterFactor(0.2).
		WithSuccessThreshold(breakerTrials).
		OnStateChanged(r.breakerChanged).
		Build()
	return r
}

// Locate implements Source. It waits for its turn within the context's deadline.
func (r *remote) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if err := r.places.AcquirePermitWithMaxWait(ctx, remoteWait); err != nil {
		if errors.Is(err, bulkhead.ErrFull) {
			r.count(r.name, EventFull)
		}
		return tracker.Place{}, fmt.Errorf("all of %d calls are taken: %w", remoteCalls, err)
	}
	defer r.places.ReleasePermit()
	return r.retries.WithContext(ctx).Get(func() (tracker.Place, error) { return r.try(ctx, ip) })
}

// try asks the source once, unless most tries of late failed.
func (r *remote) try(ctx context.Context, ip netip.Addr) (place tracker.Place, err error) {
	if !r.breaker.TryAcquirePermit() {
		r.count(r.name, EventRefused)
		return tracker.Place{}, fmt.Errorf("not asked, since it failed too often: %w", circuitbreaker.ErrOpen)
	}
	defer func() {
		// A fault in the source, or in a library that reads what a service sends,
		// must neither end the tracker nor keep the place.
		if fault := recover(); fault != nil {
			place, err = tracker.Place{}, fmt.Errorf("fault in the source: %v", fault)
			r.log.ErrorContext(ctx, "fault in a location source", "source", r.name, "fault", fault, "stack", string(debug.Stack()))
		}
		r.learn(ctx, err)
	}()
	tryCtx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.source.Locate(tryCtx, ip)
}

// learn tells the breaker how a try ended. That the caller left says nothing
// about the source. Only a trial after a pause must end as one or the other, and
// one that was broken off has not shown that the source is well.
func (r *remote) learn(ctx context.Context, err error) {
	switch {
	case isAnswer(err):
		r.breaker.RecordSuccess()
	case ctx.Err() == nil, r.breaker.IsHalfOpen():
		r.breaker.RecordFailure()
	}
}

// isAnswer says whether the source answered, if only that it has no place.
func isAnswer(err error) bool {
	return err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid)
}

// breakerChanged logs a line when the source is given up and one when it is
// back. The trials between, every few seconds for as long as it is away, would
// fill the log.
func (r *remote) breakerChanged(change circuitbreaker.StateChangedEvent) {
	switch {
	case change.NewState == circuitbreaker.ClosedState:
		r.log.Info("location source is asked as usual again", "source", r.name)
		r.count(r.name, EventClosed)
	case change.OldState == circuitbreaker.ClosedState:
		r.log.Warn("location source fails too often; it is left alone, but for a few trials", "source", r.name)
		r.count(r.name, EventOpened)
	}
}

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
	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// RemoteCalls is how many questions to one remote source are under way at once.
const RemoteCalls = 32

const (
	slotWait = 10 * time.Second // for one of the RemoteCalls, when all hosts start at once

	remoteTries = 2 // of one question; each has LOCATION_TIMEOUT
	// The pause before another try is random, so that questions that failed together are
	// not repeated together.
	retryAfterMin = 50 * time.Millisecond
	retryAfterMax = 150 * time.Millisecond
)

// When most tries fail, the breaker opens: the source is not asked for a while. A few tries
// prove nothing: the only host that asks may be the one whose record breaks the service.
const (
	breakerRate   = 0.75
	breakerTries  = 20
	breakerWindow = 10 * time.Second // and LOCATION_TIMEOUT, as tries that time out come no faster
	breakerPause  = 5 * time.Second  // varied by a fifth, so that frontends do not all try again at once
	breakerTrials = 3                // that must all succeed then
)

// remoteTimeout is how long one remote source may take.
func remoteTimeout(try time.Duration) time.Duration {
	return slotWait + remoteTries*try + (remoteTries-1)*retryAfterMax
}

// event is something that happened to the questions to a remote source.
type event uint8

const (
	eventRetry   event = iota // a try failed and is repeated
	eventFull                 // a question found no free slot
	eventRefused              // a try was not made, since the breaker was open
	eventOpened               // the breaker opened
	eventClosed               // the breaker closed
	events                    // how many there are
)

func (e event) String() string {
	return [events]string{"retry", "full", "refused", "opened", "closed"}[e]
}

// remote stands before a source that may be slow, away or broken. It bounds the questions at
// once and the time of each try, repeats a try that failed, and makes none for a while when
// most fail. What it refuses is a failure and no answer: the answer of the next source would
// give the rack a second name.
type remote struct {
	name    string
	source  Source
	timeout time.Duration
	slots   bulkhead.Bulkhead[tracker.Place]
	retries failsafe.Executor[tracker.Place]
	breaker circuitbreaker.CircuitBreaker[tracker.Place]
	log     *slog.Logger
	counted [events]prometheus.Counter
}

func newRemote(l Link, env Env, counted [events]prometheus.Counter) *remote {
	r := &remote{name: l.Name, source: l.Source, timeout: env.Timeout, log: env.Log, counted: counted}
	r.slots = bulkhead.New[tracker.Place](RemoteCalls)
	r.retries = failsafe.With(retrypolicy.NewBuilder[tracker.Place]().
		HandleIf(func(_ tracker.Place, err error) bool {
			return outcomeOf(err) == failed && !errors.Is(err, circuitbreaker.ErrOpen)
		}).
		WithMaxAttempts(remoteTries).
		WithRandomDelay(retryAfterMin, retryAfterMax).
		ReturnLastFailure().
		OnRetry(func(failsafe.ExecutionEvent[tracker.Place]) { r.counted[eventRetry].Inc() }).
		Build())
	r.breaker = circuitbreaker.NewBuilder[tracker.Place]().
		WithFailureRateThreshold(breakerRate, breakerTries, breakerWindow+env.Timeout).
		WithDelay(breakerPause).WithJitterFactor(0.2).
		WithSuccessThreshold(breakerTrials).
		OnStateChanged(r.breakerChanged).
		Build()
	return r
}

// Locate implements Source. It waits for a slot within the context's deadline.
func (r *remote) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if err := r.slots.AcquirePermitWithMaxWait(ctx, slotWait); err != nil {
		if errors.Is(err, bulkhead.ErrFull) {
			r.counted[eventFull].Inc()
		}
		return tracker.Place{}, fmt.Errorf("all of %d calls are taken: %w", RemoteCalls, err)
	}
	defer r.slots.ReleasePermit()
	return r.retries.WithContext(ctx).Get(func() (tracker.Place, error) { return r.try(ctx, ip) })
}

// try asks the source once, unless the breaker is open.
func (r *remote) try(ctx context.Context, ip netip.Addr) (place tracker.Place, err error) {
	if !r.breaker.TryAcquirePermit() {
		r.counted[eventRefused].Inc()
		return tracker.Place{}, fmt.Errorf("not asked, since it failed too often: %w", circuitbreaker.ErrOpen)
	}
	defer func() {
		// A panic of the source, or of a library that reads what a service sends, must
		// neither end the tracker nor keep the slot.
		if fault := recover(); fault != nil {
			place, err = tracker.Place{}, fmt.Errorf("fault in the source: %v", fault)
			r.log.ErrorContext(ctx, "fault in a location source", "source", r.name, "fault", fault, "stack", string(debug.Stack()))
		}
		r.record(ctx, err)
	}()
	tryCtx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.source.Locate(tryCtx, ip)
}

// record tells the breaker how a try ended. A caller that left says nothing about the source.
// Only a trial of the half-open breaker must end as one or the other: one that was broken off
// has not shown that the source is well.
func (r *remote) record(ctx context.Context, err error) {
	switch {
	case outcomeOf(err) != failed:
		r.breaker.RecordSuccess()
	case ctx.Err() == nil, r.breaker.IsHalfOpen():
		r.breaker.RecordFailure()
	}
}

// breakerChanged logs a line when the breaker opens and one when it closes. Its trials, every
// few seconds for as long as the source is away, would fill the log.
func (r *remote) breakerChanged(change circuitbreaker.StateChangedEvent) {
	switch {
	case change.NewState == circuitbreaker.ClosedState:
		r.log.Info("location source is asked as usual again", "source", r.name)
		r.counted[eventClosed].Inc()
	case change.OldState == circuitbreaker.ClosedState:
		r.log.Warn("location source fails too often; it is left alone, but for a few trials", "source", r.name)
		r.counted[eventOpened].Inc()
	}
}

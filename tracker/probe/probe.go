// Package probe finds representatives that died without a word. Clients may be silent for ten
// minutes, and a rack whose representatives are dead would have nobody to fetch from for as long.
// So a frontend opens a TCP connection to each representative that the store names to it, in
// intervals and outside of any request, and reports how that ended. The store decides what
// follows: see lua/probe.lua.
package probe

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of a frontend.
const (
	maxQueued   = 1_000           // announces whose representatives are not watched yet
	attempts    = 2               // of a probe; whoever does not answer the last has not answered
	pause       = time.Second     // between two attempts
	dialTimeout = 2 * time.Second // of an attempt
	reportTime  = 5 * time.Second // to tell the store
)

// bounds are those that tests make smaller.
type bounds struct {
	watched  int64 // representatives; the store names further ones to another frontend
	attempts int   // to reach one, at once
}

var usualBounds = bounds{watched: 10_000, attempts: 256}

// Store decides what follows from probes. It may be asked by any number of goroutines at
// once, and returns by the context's deadline.
type Store interface {
	// ReportProbe says how the probe of a claimed representative ended, and how long it took.
	// Next is the new claim if the verdict is tracker.ProbeAgain. After an error the claim is
	// lost: the store names the representative to some frontend again.
	ReportProbe(ctx context.Context, c tracker.Check, took time.Duration, alive bool, rules tracker.Rules) (
		next tracker.Check, verdict tracker.Verdict, err error)
}

// Prober probes the representatives that Watch names. It implements tracker.Prober.
type Prober struct {
	store  Store
	rules  tracker.Rules
	log    *slog.Logger
	dial   dialer
	bounds bounds
	slots  chan struct{} // one for each attempt under way
	counts *prometheus.CounterVec

	queue   chan []tracker.Check
	watched atomic.Int64
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// New returns a Prober that reports to the store under these rules. Its counters go to the
// registerer, if there is one.
func New(store Store, rules tracker.Rules, registerer prometheus.Registerer, log *slog.Logger) *Prober {
	return newProber(store, rules, dialTCP, usualBounds, registerer, log)
}

func newProber(
	store Store, rules tracker.Rules, dial dialer, b bounds, registerer prometheus.Registerer, log *slog.Logger,
) *Prober {
	ctx, stop := context.WithCancel(context.Background())
	p := &Prober{
		store: store, rules: rules, log: log, dial: dial, bounds: b, slots: make(chan struct{}, b.attempts),
		queue: make(chan []tracker.Check, maxQueued), stop: stop,
		counts: newCounts(registerer),
	}
	p.stopped.Go(func() { p.run(ctx) })
	return p
}

// Close ends all probes. The store names the representatives to another frontend in time.
func (p *Prober) Close() {
	p.stop()
	p.stopped.Wait()
}

// Watch begins to probe representatives, the first time at once. It does not wait.
func (p *Prober) Watch(checks []tracker.Check) {
	select {
	case p.queue <- checks:
	default:
		p.counts.WithLabelValues(dropped).Add(float64(len(checks)))
	}
}

// run watches the queued representatives, until the context is done.
func (p *Prober) run(ctx context.Context) {
	for {
		select {
		case checks := <-p.queue:
			p.begin(ctx, checks)
		case <-ctx.Done():
			return
		}
	}
}

func (p *Prober) begin(ctx context.Context, checks []tracker.Check) {
	for _, check := range checks {
		if p.watched.Add(1) > p.bounds.watched {
			p.watched.Add(-1)
			p.counts.WithLabelValues(dropped).Inc()
			continue
		}
		p.stopped.Go(func() {
			defer p.watched.Add(-1)
			p.watch(ctx, check)
		})
	}
}

// watch probes a representative in intervals, for as long as the store wants it to.
func (p *Prober) watch(ctx context.Context, c tracker.Check) {
	for {
		sleep(ctx, c.After)
		outcome, took := p.probe(ctx, c)
		if ctx.Err() != nil {
			return
		}
		p.counts.WithLabelValues(string(outcome)).Inc()
		if outcome == failed {
			return
		}
		next, again := p.report(ctx, c, outcome, took)
		if !again {
			return
		}
		c = next
	}
}

func (p *Prober) report(ctx context.Context, c tracker.Check, o outcome, took time.Duration) (tracker.Check, bool) {
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	next, verdict, err := p.store.ReportProbe(ctx, c, took, o == answered, p.rules)
	switch {
	case err != nil:
		p.log.Debug("probe not reported", "representative", c.Addr, "error", err)
		return c, false
	case verdict == tracker.ProbedDead:
		p.log.Debug("representative is dead, its place is free", "representative", c.Addr, "transfer", c.InfoHash, "probe", string(o))
	}
	return next, verdict == tracker.ProbeAgain
}

// probe tries to reach a representative, more than once, since a single failure may be an
// accident. The time that it took is without the wait for a slot.
func (p *Prober) probe(ctx context.Context, c tracker.Check) (o outcome, took time.Duration) {
	var first time.Time
	for n := range attempts {
		if n > 0 {
			sleep(ctx, pause)
		}
		var began time.Time
		if o, began = p.attempt(ctx, c); n == 0 {
			first = began
		}
		if o == answered || ctx.Err() != nil {
			break
		}
	}
	return o, time.Since(first)
}

// attempt tries to reach a representative once it has a slot, and returns when that was.
func (p *Prober) attempt(ctx context.Context, c tracker.Check) (o outcome, began time.Time) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return failed, time.Now()
	}
	began = time.Now()
	return p.reach(ctx, c), began
}

func sleep(ctx context.Context, span time.Duration) {
	select {
	case <-time.After(span):
	case <-ctx.Done():
	}
}

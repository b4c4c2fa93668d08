// Package probe finds representatives that died without a word. Clients may be silent
// for ten minutes; until then a rack whose representatives are dead would have nobody to
// fetch from. So the frontend that was told of a representative opens a TCP connection to
// it in intervals, outside of any request, and tells the store how that ended. The store
// decides what follows: see lua/probe.lua.
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

// Bounds of what a frontend does.
const (
	maxTold     = 1_000           // announces whose representatives are not watched yet
	attempts    = 2               // of a probe; whoever does not answer the last has not answered
	pause       = time.Second     // between two attempts
	dialTimeout = 2 * time.Second // of an attempt
	reportTime  = 5 * time.Second // to tell the store
)

// bounds are those that tests make smaller.
type bounds struct {
	watched  int64 // representatives; for further ones another frontend is told
	attempts int   // to reach one, at once
}

var usualBounds = bounds{watched: 10_000, attempts: 256}

// Store decides what follows from probes. It may be asked by any number of goroutines at
// once, and returns by the context's deadline.
type Store interface {
	// ReportProbe tells how the probe of a claimed representative ended, and how long it
	// took. Next is the new claim if the verdict is tracker.ProbeAgain. After an error the
	// claim is lost: some frontend will be told of the representative again.
	ReportProbe(ctx context.Context, c tracker.Check, took time.Duration, alive bool, rules tracker.Rules) (
		next tracker.Check, verdict tracker.Verdict, err error)
}

// Prober probes the representatives that it is told of. It implements tracker.Prober.
type Prober struct {
	store    Store
	rules    tracker.Rules
	log      *slog.Logger
	dial     dialer
	bounds   bounds
	attempts chan struct{} // holds an element for each attempt under way
	counts   *prometheus.CounterVec

	told    chan []tracker.Check
	watched atomic.Int64
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// New returns a Prober that tells the store of the rules. Its counters go to the
// registerer, if there is one.
func New(store Store, rules tracker.Rules, registerer prometheus.Registerer, log *slog.Logger) *Prober {
	return newProber(store, rules, dialTCP, usualBounds, registerer, log)
}

func newProber(
	store Store, rules tracker.Rules, dial dialer, b bounds, registerer prometheus.Registerer, log *slog.Logger,
) *Prober {
	ctx, stop := context.WithCancel(context.Background())
	p := &Prober{
		store: store, rules: rules, log: log, dial: dial, bounds: b, attempts: make(chan struct{}, b.attempts),
		told: make(chan []tracker.Check, maxTold), stop: stop,
		counts: newCounts(registerer),
	}
	p.stopped.Go(func() { p.run(ctx) })
	return p
}

// Close ends all probes. Another frontend is told of the representatives in time.
func (p *Prober) Close() {
	p.stop()
	p.stopped.Wait()
}

// Watch begins to probe representatives, the first time at once. It does not wait.
func (p *Prober) Watch(checks []tracker.Check) {
	select {
	case p.told <- checks:
	default:
		p.counts.WithLabelValues(dropped).Add(float64(len(checks)))
	}
}

// run watches the representatives that Watch was told of, until the context is done.
func (p *Prober) run(ctx context.Context) {
	for {
		select {
		case checks := <-p.told:
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

// probe tries to reach a representative. A single failure may be an accident. It took as
// long as it was under way, without the wait for its turn.
func (p *Prober) probe(ctx context.Context, c tracker.Check) (o outcome, took time.Duration) {
	var began time.Time
	for n := range attempts {
		if n > 0 {
			sleep(ctx, pause)
		}
		var turn time.Time
		o, turn = p.attempt(ctx, c)
		if n == 0 {
			began = turn
		}
		if o == answered || ctx.Err() != nil {
			break
		}
	}
	return o, time.Since(began)
}

// attempt tries to reach a representative when it is its turn, and returns when that was.
func (p *Prober) attempt(ctx context.Context, c tracker.Check) (o outcome, turn time.Time) {
	select {
	case p.attempts <- struct{}{}:
		defer func() { <-p.attempts }()
	case <-ctx.Done():
		return failed, time.Now()
	}
	turn = time.Now()
	return p.reach(ctx, c), turn
}

func sleep(ctx context.Context, span time.Duration) {
	select {
	case <-time.After(span):
	case <-ctx.Done():
	}
}

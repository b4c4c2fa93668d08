package smdb

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// answer is what a Cache keeps of a host. Unless the host is found, err says why.
type answer struct {
	outcome  outcome
	place    tracker.Place
	err      error
	asked    time.Time // when the sources gave it, by this process' clock
	fallback bool      // it is an older one from the Memory, taken because the sources failed
}

// lookup is the otter.Loader that asks the sources. It asks the Memory before them, since
// another frontend may have asked already.
type lookup struct {
	source  Source
	digest  string        // of the chain
	timeout time.Duration // of a question to the sources
	opts    CacheOptions
	log     *slog.Logger
	health  health
	metrics cacheMetrics

	memory  Memory        // nil: none
	recalls chan struct{} // holds an element for each recall under way
	pending chan tracker.Located

	warned *otter.Cache[netip.Addr, struct{}] // hosts whose lack of a location is logged
}

func newLookup(source *Chain, opts CacheOptions, metrics cacheMetrics, log *slog.Logger) *lookup {
	return &lookup{
		source:  source,
		digest:  source.digest,
		timeout: source.lookupTimeout(),
		opts:    opts,
		log:     log,
		health:  health{log: log, quiet: opts.FailureTTL},
		metrics: metrics,
		recalls: make(chan struct{}, recallsAtOnce),
		pending: make(chan tracker.Located, rememberPending),
		warned: otter.Must(&otter.Options[netip.Addr, struct{}]{
			MaximumSize:      opts.Size,
			ExpiryCalculator: otter.ExpiryWriting[netip.Addr, struct{}](opts.TTL),
			Logger:           otterLog{log},
		}),
	}
}

// errKept tells otter to keep the answer it has.
var errKept = errors.New("the sources have no place now, the last one is kept")

// Load asks for a host that is not known. Each outcome is an answer to keep for a while, so
// there is no error.
func (l *lookup) Load(ctx context.Context, ip netip.Addr) (answer, error) {
	return l.find(ctx, ip), nil
}

// Reload asks again for a host that is known. If the sources fail or name no valid place, the
// old answer stays, unless another frontend got a later one.
func (l *lookup) Reload(ctx context.Context, ip netip.Addr, old answer) (answer, error) {
	a := l.find(ctx, ip)
	if a.outcome.keepsLast() || a.fallback && !a.asked.After(old.asked) {
		return old, errKept
	}
	return a, nil
}

// find takes the Memory's answer if it is fresh, and asks the sources otherwise. If they fail
// or name no valid place, the last known place is better than none.
func (l *lookup) find(ctx context.Context, ip netip.Addr) answer {
	last := l.recall(ctx, ip)
	if last.fresh {
		l.metrics.recallFresh.Inc()
		return last.answer
	}
	a := l.ask(ctx, ip)
	if a.outcome.keepsLast() && last.known {
		l.metrics.recallStale.Inc()
		a = last.answer
		a.fallback = true
		return a
	}
	if !last.now.Time.IsZero() {
		l.metrics.recallUnused.Inc()
		l.remember(ip, a, last.now)
	}
	return a
}

// ask asks the sources once. It logs that they fail as a whole, not for each host.
func (l *lookup) ask(ctx context.Context, ip netip.Addr) answer {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	a := answerOf(l.source.Locate(ctx, ip))
	if a.outcome == failed {
		l.health.failed(a.err)
		l.log.Debug("lookup of a host failed", "ip", ip, "error", a.err)
		return a
	}
	l.health.answered()
	if a.outcome != found {
		l.warn(ctx, ip, a.err)
	}
	return a
}

// answerOf makes an answer of what sources return now.
func answerOf(place tracker.Place, err error) answer {
	return answer{outcome: outcomeOf(err), place: place, err: err, asked: time.Now()}
}

// warn logs that a host has no location: as a warning the first time, and not each time its
// answer runs out. With a wrong SMDB_URL no host has one, and 5,000 of them that come back
// every 15 s would be 300 warnings a second.
func (l *lookup) warn(ctx context.Context, ip netip.Addr, err error) {
	level := slog.LevelDebug
	if _, first := l.warned.SetIfAbsent(ip, struct{}{}); first {
		level = slog.LevelWarn
	}
	l.log.Log(ctx, level, "host has no location", "ip", ip, "error", err)
}

// otterLog logs the panics that otter catches. A reload that failed is logged already.
type otterLog struct{ log *slog.Logger }

func (l otterLog) Warn(ctx context.Context, msg string, err error) {
	l.log.WarnContext(ctx, "location cache: "+msg, "error", err)
}

func (l otterLog) Error(ctx context.Context, msg string, err error) {
	if !errors.Is(err, errKept) {
		l.log.ErrorContext(ctx, "location cache: "+msg, "error", err)
	}
}

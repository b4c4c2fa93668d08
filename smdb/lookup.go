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

// answer is what a Cache remembers of a host. Unless it is found, err says why.
type answer struct {
	outcome outcome
	place   tracker.Place
	err     error
	asked   time.Time // when the sources gave it, by this process' clock
	rescued bool      // it is an older one that Redis had, for the sources failed
}

// lookup is the otter.Loader that asks the sources, and before them the Memory:
// another frontend may have asked already.
type lookup struct {
	source  Source
	chain   string // its id
	opts    CacheOptions
	log     *slog.Logger
	health  health
	metrics cacheMetrics

	memory  Memory        // nil: none
	recalls chan struct{} // holds an element for each look under way
	pending chan tracker.Located

	complained *otter.Cache[netip.Addr, struct{}] // hosts warned of
}

func newLookup(source *Chain, opts CacheOptions, metrics cacheMetrics, log *slog.Logger) *lookup {
	return &lookup{
		source:  source,
		chain:   source.id,
		opts:    opts,
		log:     log,
		health:  health{log: log, quiet: opts.FailureTTL},
		metrics: metrics,
		recalls: make(chan struct{}, recallsAtOnce),
		pending: make(chan tracker.Located, rememberPending),
		complained: otter.Must(&otter.Options[netip.Addr, struct{}]{
			MaximumSize:      opts.Size,
			ExpiryCalculator: otter.ExpiryWriting[netip.Addr, struct{}](opts.TTL),
			Logger:           otterLog{log},
		}),
	}
}

// errKept tells otter to keep the answer it has.
var errKept = errors.New("the sources have no place now, the last one is kept")

// Load asks for a host that is not known. Each outcome is an answer to keep
// for a while, so there is no error.
func (l *lookup) Load(ctx context.Context, ip netip.Addr) (answer, error) {
	return l.find(ctx, ip), nil
}

// Reload asks again for a host that is known. If the sources have no place for it now,
// and do not say that they do not know it, the old answer stands, unless they gave
// another frontend a later one.
func (l *lookup) Reload(ctx context.Context, ip netip.Addr, old answer) (answer, error) {
	a := l.find(ctx, ip)
	if a.outcome.keepsLast() || a.rescued && !a.asked.After(old.asked) {
		return old, errKept
	}
	return a, nil
}

// find takes what the Memory has, if it is fresh, and asks the sources otherwise. If
// they fail, or name no valid place, the last one known is better than none.
func (l *lookup) find(ctx context.Context, ip netip.Addr) answer {
	last := l.recall(ctx, ip)
	if last.fresh {
		l.metrics.recalled.Inc()
		return last.answer
	}
	a := l.ask(ctx, ip)
	if a.outcome.keepsLast() && last.known {
		l.metrics.rescued.Inc()
		a = last.answer
		a.rescued = true
		return a
	}
	if !last.now.Time.IsZero() {
		l.metrics.unused.Inc()
		l.remember(ip, a, last.now)
	}
	return a
}

// ask asks the sources once, and logs what is worth it. That they fail is logged as
// a whole, not for each host.
func (l *lookup) ask(ctx context.Context, ip netip.Addr) answer {
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	a := answerOf(l.source.Locate(ctx, ip))
	switch a.outcome {
	case failed:
		l.health.failed(a.err)
		l.log.Debug("lookup of a host failed", "ip", ip, "error", a.err)
	case notFound, invalid:
		l.health.answered()
		l.complain(ctx, ip, a.err)
	default:
		l.health.answered()
	}
	return a
}

// answerOf is what sources said, now.
func answerOf(place tracker.Place, err error) answer {
	return answer{outcome: outcomeOf(err), place: place, err: err, asked: time.Now()}
}

// complain logs that a host has no location: as a warning the first time, and
// no more each time its answer runs out. With a wrong SMDB_URL no host has one,
// and 5,000 of them that come back every 15 s would be 300 warnings a second.
func (l *lookup) complain(ctx context.Context, ip netip.Addr, err error) {
	level := slog.LevelDebug
	if _, first := l.complained.SetIfAbsent(ip, struct{}{}); first {
		level = slog.LevelWarn
	}
	l.log.Log(ctx, level, "host has no location", "ip", ip, "error", err)
}

// otterLog logs what otter catches: panics. That a reload failed is logged
// already.
type otterLog struct{ log *slog.Logger }

func (l otterLog) Warn(ctx context.Context, msg string, err error) {
	l.log.WarnContext(ctx, "location cache: "+msg, "error", err)
}

func (l otterLog) Error(ctx context.Context, msg string, err error) {
	if !errors.Is(err, errKept) {
		l.log.ErrorContext(ctx, "location cache: "+msg, "error", err)
	}
}

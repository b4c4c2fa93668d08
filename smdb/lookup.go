package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// outcome is how a lookup ended.
type outcome uint8

const (
	found   outcome = iota
	nowhere         // the source says that the host has no valid place
	failed          // the source could not say
)

// answer is what a Cache remembers of a host. Unless it is found, err is what
// Cache.Locate returns.
type answer struct {
	outcome outcome
	place   tracker.Place
	err     error
}

// lookup is the otter.Loader that asks the source.
type lookup struct {
	source  Source
	timeout time.Duration
	log     *slog.Logger
	health  health

	complained *otter.Cache[netip.Addr, struct{}] // hosts warned of
}

// errKept tells otter to keep the answer it has.
var errKept = errors.New("the source failed, its last answer is kept")

// Load asks for a host that is not known. Each outcome is an answer to keep
// for a while, so there is no error.
func (l *lookup) Load(ctx context.Context, ip netip.Addr) (answer, error) {
	return l.ask(ctx, ip), nil
}

// Reload asks again for a host that is known. If the source fails now, the old
// answer stands.
func (l *lookup) Reload(ctx context.Context, ip netip.Addr, old answer) (answer, error) {
	if a := l.ask(ctx, ip); a.outcome != failed {
		return a, nil
	}
	return old, errKept
}

// ask asks the source once and logs what is worth it. That the source fails is
// logged as a whole, not for each host.
func (l *lookup) ask(ctx context.Context, ip netip.Addr) answer {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	place, err := l.source.Locate(ctx, ip)
	if err == nil {
		err = checkLocation(place.Location)
	}
	switch {
	case err == nil:
		l.health.answered()
		return answer{outcome: found, place: place}
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrInvalid):
		l.health.answered()
		l.complain(ctx, ip, err)
		return answer{outcome: nowhere, err: unknown(err)}
	default:
		l.health.failed(err)
		l.log.Debug("lookup of a host failed", "ip", ip, "error", err)
		return answer{outcome: failed, err: unknown(err)}
	}
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

// checkLocation guards the keys of the store against a source that does not
// check what it returns.
func checkLocation(location tracker.Location) error {
	if _, err := tracker.ParseLocation(string(location)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
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

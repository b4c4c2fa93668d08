package smdb

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	lineDown = `level=WARN msg="a location source does not answer; hosts that are known stay known" error="smdb: connection refused"`
	lineBack = `level=INFO msg="location sources answer again"`
)

func (b *fixture) wantLines(lines ...string) {
	b.Helper()
	if got := b.log.Take(); !slices.Equal(got, lines) {
		b.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// lineNowhere is what is logged of a host that has no location.
func lineNowhere(level slog.Level, ip netip.Addr, err error) string {
	return fmt.Sprintf(`level=%s msg="host has no location" ip=%s error=%q`, level, ip, err)
}

// A host that has no location is warned of once, however often its answer runs
// out and it comes back; again only after TTL.
func TestHostWithoutLocationIsWarnedOfOnce(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.log.Level.Set(slog.LevelDebug)
		b.says(tracker.Place{}, ErrNotFound)
		for _, level := range []slog.Level{slog.LevelWarn, slog.LevelDebug, slog.LevelDebug, slog.LevelDebug} {
			for range 100 {
				_, _ = b.locate()
			}
			b.wantLines(lineNowhere(level, hostAddr, ErrNotFound))
			time.Sleep(testOptions.NegativeTTL)
		}
		ambiguous := fmt.Errorf("%w: ambiguous", ErrInvalid)
		b.says(tracker.Place{}, ambiguous)
		_, _ = b.locate()
		b.wantLines(lineNowhere(slog.LevelDebug, hostAddr, fmt.Errorf("smdb: %w", ambiguous)))
		time.Sleep(testOptions.TTL)
		_, _ = b.locate()
		b.wantLines(lineNowhere(slog.LevelWarn, hostAddr, fmt.Errorf("smdb: %w", ambiguous)))
		time.Sleep(testOptions.NegativeTTL)
		b.says(rackA, nil)
		_, _ = b.locate()
		b.wantLines()
	})
}

// A wrong SMDB_URL, where no host is known, is one warning for each of them.
func TestHostsWithoutLocationDoNotFillTheLog(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.says(tracker.Place{}, ErrNotFound)
		var lines []string
		for round := range 5 {
			ip := hostAddr
			for range 50 {
				_, _ = b.cache.Locate(b.Context(), ip)
				if round == 0 {
					lines = append(lines, lineNowhere(slog.LevelWarn, ip, ErrNotFound))
				}
				ip = ip.Next()
			}
			time.Sleep(testOptions.NegativeTTL)
		}
		if b.called() != 5*50 {
			b.Errorf("%d calls, want each host asked for in each round", b.called())
		}
		b.wantLines(lines...)
	})
}

// A dead source is one line, and one when it is back, with any number of hosts,
// known and unknown ones.
func TestDeadSourceIsLoggedOnce(t *testing.T) {
	inBubble(t, func(b *fixture) {
		_, _ = b.locate()
		time.Sleep(testOptions.TTL)
		b.says(tracker.Place{}, errDown)
		askMany := func() {
			ip := hostAddr
			for range 100 {
				_, _ = b.cache.Locate(b.Context(), ip)
				ip = ip.Next()
			}
			synctest.Wait()
		}
		askMany()
		b.wantLines(lineDown)
		time.Sleep(time.Hour)
		askMany()
		b.wantLines()
		b.says(rackA, nil)
		time.Sleep(testOptions.FailureTTL)
		askMany()
		b.wantLines(lineBack)
		b.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		askMany()
		b.wantLines(lineDown)
	})
}

// A source that answers every other call does not fill the log.
func TestFlappingSourceIsLoggedOnce(t *testing.T) {
	inBubble(t, func(b *fixture) {
		ip := hostAddr
		for i := range 1000 {
			b.says(rackA, nil)
			if i%2 == 0 {
				b.says(tracker.Place{}, errDown)
			}
			_, _ = b.cache.Locate(b.Context(), ip)
			ip = ip.Next()
			time.Sleep(testOptions.FailureTTL / 4)
		}
		b.wantLines(lineDown)
	})
}

// That a host is not in the SMDB does not mean that the SMDB is down.
func TestNotFoundMeansTheSourceIsUp(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.says(tracker.Place{}, errDown)
		_, _ = b.locate()
		time.Sleep(testOptions.FailureTTL)
		b.says(tracker.Place{}, ErrNotFound)
		_, _ = b.locate()
		b.wantLines(lineDown, lineBack, `level=WARN msg="host has no location" ip=10.1.2.3 error="host not found"`)
	})
}

// panicking is a Source with a fault in it.
type panicking struct{ *scripted }

func (s panicking) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if s.called() > 0 {
		panic("fault in a source")
	}
	return s.scripted.Locate(ctx, ip)
}

// A fault that otter catches in the background is not hidden.
func TestPanicInTheBackgroundIsLogged(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.cache.lookup.source = chainOf(panicking{b.scripted})
		b.want(rackA, nil, 1)
		time.Sleep(testOptions.TTL)
		b.want(rackA, nil, 1)
		if lines := b.log.Take(); len(lines) != 1 || !strings.Contains(lines[0], "fault in a source") {
			b.Errorf("logged %q", lines)
		}
	})
}

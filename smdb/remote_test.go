package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

const testTry = 2 * time.Second

// remoteFixture is a scripted source behind the bounds of a remote one, what it
// logged and what was counted.
type remoteFixture struct {
	*testing.T
	*scripted
	remote *remote
	log    *logtest.Recorder
}

// inRemoteBubble runs a test on a clock of its own.
func inRemoteBubble(t *testing.T, test func(b *remoteFixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &remoteFixture{T: t, scripted: &scripted{place: rackA}, log: &logtest.Recorder{}}
		b.remote = bounded(b.scripted, b.log.Logger())
		test(b)
	})
}

// bounded puts a source behind the bounds of a remote one.
func bounded(source Source, log *slog.Logger) *remote {
	return newRemote(Link{Name: "cmdb", Source: source}, Env{Timeout: testTry, Log: log}, newEventCounters(newEvents(nil), "cmdb"))
}

func (b *remoteFixture) wantEvents(want map[event]float64) {
	b.Helper()
	for e := range events {
		if got := testutil.ToFloat64(b.remote.counted[e]); got != want[e] {
			b.Errorf("counted %s %v times, want %v", e, got, want[e])
		}
	}
}

// ask asks once and holds what must be true of every answer.
func (b *remoteFixture) ask(ctx context.Context) error {
	b.Helper()
	place, err := b.remote.Locate(ctx, hostAddr)
	if (err == nil) != (place != tracker.Place{}) {
		b.Errorf("%+v with error %v", place, err)
	}
	return err
}

// fail lets so many tries fail, one after the other.
func (b *remoteFixture) fail(tries int) {
	b.Helper()
	b.says(tracker.Place{}, errDown)
	for range tries / remoteTries {
		if err := b.ask(b.Context()); outcomeOf(err) != failed {
			b.Error(err)
		}
	}
}

func TestFailuresAreTriedAgainAndAnswersAreNot(t *testing.T) {
	for _, tt := range []struct {
		err   error
		tries int
	}{{nil, 1}, {ErrNotFound, 1}, {fmt.Errorf("%w: two hosts", ErrInvalid), 1}, {errDown, remoteTries}} {
		inRemoteBubble(t, func(b *remoteFixture) {
			if b.says(rackA, nil); tt.err != nil {
				b.says(tracker.Place{}, tt.err)
			}
			if err := b.ask(b.Context()); !errors.Is(err, tt.err) || b.called() != tt.tries {
				b.Errorf("%v after %d tries, want %v after %d", err, b.called(), tt.err, tt.tries)
			}
		})
	}
}

// stumbling is a Source that fails the first time.
type stumbling struct{ *scripted }

func (s stumbling) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	place, err := s.scripted.Locate(ctx, ip)
	if s.called() == 1 {
		return tracker.Place{}, errDown
	}
	return place, err
}

func TestAnotherTryHelps(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.remote.source = stumbling{b.scripted}
		if err := b.ask(b.Context()); err != nil {
			b.Error(err)
		}
		b.wantEvents(map[event]float64{eventRetry: 1})
	})
}

// Each try has its deadline, and the longest question that there can be, all
// places taken and no try answered, fits into remoteTimeout.
func TestRemoteTimeoutIsEnough(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.delay = time.Hour
		ctx, cancel := context.WithTimeout(b.Context(), remoteTimeout(testTry))
		defer cancel()
		for range RemoteCalls {
			if err := b.remote.slots.AcquirePermit(ctx); err != nil {
				b.Fatal(err)
			}
		}
		time.AfterFunc(slotWait-1, b.remote.slots.ReleasePermit)
		began := time.Now()
		err := b.ask(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil || b.called() != remoteTries {
			b.Errorf("%v after %d tries in %v, and the lookup's own deadline: %v", err, b.called(), time.Since(began), ctx.Err())
		}
	})
}

func TestQuestionsAtOnceAreBounded(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.remote.timeout = time.Hour
		b.delay = 30 * time.Second
		var wg sync.WaitGroup
		for range RemoteCalls {
			wg.Go(func() {
				if err := b.ask(b.Context()); err != nil {
					b.Error(err)
				}
			})
		}
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if err := b.ask(b.Context()); outcomeOf(err) != failed || !errors.Is(err, bulkhead.ErrFull) {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		if b.called() != RemoteCalls {
			b.Errorf("%d calls", b.called())
		}
		b.wantEvents(map[event]float64{eventFull: 10})
		if err := b.ask(b.Context()); err != nil {
			b.Errorf("afterwards: %v", err)
		}
	})
}

const (
	lineOpened = `level=WARN msg="location source fails too often; it is left alone, but for a few trials" source=cmdb`
	lineClosed = `level=INFO msg="location source is asked as usual again" source=cmdb`
)

func (b *remoteFixture) wantLines(lines ...string) {
	b.Helper()
	if got := b.log.Take(); strings.Join(got, "\n") != strings.Join(lines, "\n") {
		b.Errorf("logged %q, want %q", got, lines)
	}
}

// A source that fails is left alone, which is a failure and no answer; it is
// asked again from time to time, and as usual when it is well.
func TestBreaker(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.fail(breakerTries)
		b.wantLines(lineOpened)
		for range 100 {
			if err := b.ask(b.Context()); outcomeOf(err) != failed || !errors.Is(err, circuitbreaker.ErrOpen) {
				b.Fatal(err)
			}
		}
		if b.called() != breakerTries {
			b.Errorf("%d tries", b.called())
		}
		b.wantEvents(map[event]float64{eventOpened: 1, eventRetry: breakerTries / remoteTries, eventRefused: 100})

		for range 1000 { // an hour and a half of trials fills no log
			time.Sleep(2 * breakerPause)
			before := b.called()
			if _ = b.ask(b.Context()); b.called() != before+1 {
				b.Fatalf("%d trials, want one that fails", b.called()-before)
			}
		}
		b.wantLines()

		time.Sleep(2 * breakerPause)
		b.says(tracker.Place{}, ErrNotFound) // an answer as good as any
		for range breakerTrials {
			if err := b.ask(b.Context()); !errors.Is(err, ErrNotFound) {
				b.Error(err)
			}
		}
		b.wantLines(lineClosed)
		if b.remote.breaker.IsOpen() {
			b.Error("is still left alone")
		}
	})
}

// Tries that fail now and then, or half of many, prove nothing.
func TestBreakerNeedsManyFailures(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		for range 100 {
			b.fail(remoteTries)
			time.Sleep(5 * time.Second)
		}
		for range 1000 {
			b.fail(remoteTries)
			b.says(rackA, nil)
			for range remoteTries {
				if err := b.ask(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.wantLines()
	})
}

// That callers leave is not the source's failure.
func TestCallersThatLeaveDoNotOpenTheBreaker(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.delay = time.Second
		for range 10 * breakerTries {
			ctx, cancel := context.WithTimeout(b.Context(), time.Millisecond)
			if err := b.ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
				b.Error(err)
			}
			cancel()
		}
		b.wantEvents(map[event]float64{})
		if err := b.ask(b.Context()); err != nil {
			b.Error(err)
		}
	})
}

// faulty is a Source with a fault in it.
type faulty struct{}

func (faulty) Locate(context.Context, netip.Addr) (tracker.Place, error) { panic("index out of range") }

// A fault is a failure, is not hidden, and keeps neither places nor trials.
func TestFaultInARemoteSource(t *testing.T) {
	inRemoteBubble(t, func(b *remoteFixture) {
		b.remote.source = faulty{}
		for range 10 * RemoteCalls {
			if err := b.ask(b.Context()); outcomeOf(err) != failed {
				b.Error(err)
			}
			time.Sleep(breakerPause)
		}
		if lines := b.log.Take(); !strings.Contains(lines[0], "index out of range") || !strings.Contains(lines[0], "remote_test.go") {
			b.Errorf("logged %q", lines[0])
		}
		b.remote.source = b.scripted
		time.Sleep(2 * breakerPause)
		for range breakerTrials + 1 {
			if err := b.ask(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
}

// Through any history, what comes out is what the source said in this very
// question, or a failure.
func TestRemoteInventsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) {
			source := &scripted{}
			r := bounded(source, slog.New(slog.DiscardHandler))
			for range rapid.IntRange(1, 100).Draw(t, "questions") {
				said := rapid.SampledFrom([]error{nil, ErrNotFound, ErrInvalid, errDown, errDown, errDown}).Draw(t, "said")
				place := tracker.Place{}
				if said == nil {
					place = rackA
				}
				source.says(place, said)
				source.delay = rapid.SampledFrom([]time.Duration{0, 0, testTry - 1, testTry + 1}).Draw(t, "delay")
				time.Sleep(rapid.SampledFrom([]time.Duration{0, 0, 0, breakerPause, time.Minute}).Draw(t, "pause"))
				before := source.called()
				got, err := r.Locate(t.Context(), hostAddr)
				answered := source.called() > before && source.delay < testTry && outcomeOf(said) != failed
				if (outcomeOf(err) != failed) != answered || answered && (got != place || !errors.Is(err, said)) {
					t.Fatalf("%+v, %v; the source said %+v, %v after %v", got, err, place, said, source.delay)
				}
			}
		})
	})
}

// instant is a Source that answers at once.
type instant struct{}

func (instant) Locate(context.Context, netip.Addr) (tracker.Place, error) { return rackA, nil }

// What the bounds cost a question that is answered at once. A loopback HTTP call
// takes some 100 µs, and nearly all lookups are answered from memory anyway.
func BenchmarkRemote(b *testing.B) {
	var source Source = instant{}
	for _, tt := range []struct {
		name   string
		source Source
	}{
		{"alone", source},
		{"bounded", bounded(source, slog.New(slog.DiscardHandler))},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := tt.source.Locate(context.Background(), hostAddr); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

package probe

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// fakeStore keeps what it is told, and answers each report from a list, the last of
// which it repeats.
type fakeStore struct {
	mu       sync.Mutex
	verdicts []tracker.Verdict
	err      error
	reports  []report
}

type report struct {
	check tracker.Check
	took  time.Duration
	alive bool
	at    time.Time
}

func (s *fakeStore) ReportProbe(_ context.Context, c tracker.Check, took time.Duration, alive bool, _ tracker.Rules) (
	tracker.Check, tracker.Verdict, error,
) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, report{c, took, alive, time.Now()})
	verdict := s.verdicts[min(len(s.reports), len(s.verdicts))-1]
	c.Claimed++
	c.After = rules.ProbeInterval
	return c, verdict, s.err
}

func (s *fakeStore) reported() []report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

var (
	rules = tracker.Rules{ProbeInterval: 10 * time.Second}
	addr4 = netip.MustParseAddrPort("192.0.2.1:6881")
	addr6 = netip.MustParseAddrPort("[2001:db8::1]:6881")
)

// testBounds are small: the race detector is not made for 10,000 goroutines.
var testBounds = bounds{watched: 200, attempts: 16}

func testProber(store Store, dial dialer) *Prober {
	return newProber(store, rules, dial, testBounds, nil, slog.New(slog.DiscardHandler))
}

// refuse refuses all connections, or the first ones.
func refuse(first int) dialer {
	var n atomic.Int64
	return func(context.Context, netip.AddrPort) error {
		if int(n.Add(1)) <= first {
			return syscall.ECONNREFUSED
		}
		return nil
	}
}

// The first probe comes at once, the others in intervals, each with the claim that the
// last one brought, until the store has heard enough.
func TestProbesComeInIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{verdicts: []tracker.Verdict{tracker.ProbeAgain, tracker.ProbeAgain, tracker.ProbeNoMore}}
		p := testProber(store, refuse(0))
		defer p.Close()
		began := time.Now()
		p.Watch([]tracker.Check{{Addr: addr4, Claimed: 7}})
		time.Sleep(time.Hour)
		if len(store.reported()) != 3 {
			t.Fatalf("%d reports: %+v", len(store.reported()), store.reported())
		}
		for n, r := range store.reported() {
			if !r.alive || r.check.Claimed != int64(7+n) || r.at.Sub(began) != time.Duration(n)*rules.ProbeInterval {
				t.Errorf("report %d: %+v", n, r)
			}
		}
		if n := p.watched.Load(); n != 0 {
			t.Errorf("%d are watched", n)
		}
	})
}

// One failure is none; two are reported, with the time they took.
func TestTwoAttempts(t *testing.T) {
	for refusals, alive := range map[int]bool{0: true, 1: true, 2: false} {
		synctest.Test(t, func(t *testing.T) {
			store := &fakeStore{verdicts: []tracker.Verdict{tracker.ProbedDead}}
			p := testProber(store, refuse(refusals))
			defer p.Close()
			p.Watch([]tracker.Check{{Addr: addr4}})
			time.Sleep(time.Hour)
			took := time.Duration(min(refusals, 1)) * pause
			if len(store.reported()) != 1 || store.reported()[0].alive != alive || store.reported()[0].took != took {
				t.Errorf("%d refusals: %+v", refusals, store.reported())
			}
		})
	}
}

// What says nothing of the host is not reported: its claim runs out.
func TestFaultsOfThisMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{verdicts: []tracker.Verdict{tracker.ProbeAgain}}
		p := testProber(store, func(context.Context, netip.AddrPort) error { return syscall.EMFILE })
		defer p.Close()
		p.Watch([]tracker.Check{{Addr: addr4}})
		time.Sleep(time.Hour)
		if len(store.reported()) != 0 || testutil.ToFloat64(p.counts.WithLabelValues("error")) != 1 {
			t.Errorf("%+v", store.reported())
		}
	})
}

// Where the store cannot be told, the watch ends.
func TestStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{verdicts: []tracker.Verdict{tracker.ProbeAgain}, err: tracker.ErrUnavailable}
		p := testProber(store, refuse(0))
		defer p.Close()
		p.Watch([]tracker.Check{{Addr: addr4}})
		time.Sleep(time.Hour)
		if len(store.reported()) != 1 {
			t.Errorf("%+v", store.reported())
		}
	})
}

// Of two addresses one that answers is enough, and one that cannot be tried says nothing.
func TestBothFamilies(t *testing.T) {
	for _, test := range []struct {
		four, six error
		want      outcome
	}{
		{nil, syscall.ENETUNREACH, answered},
		{syscall.ECONNREFUSED, nil, answered},
		{syscall.ECONNREFUSED, syscall.ENETUNREACH, refused},
		{syscall.ENETUNREACH, context.DeadlineExceeded, timeout},
		{syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, failed},
	} {
		p := testProber(&fakeStore{}, func(_ context.Context, addr netip.AddrPort) error {
			return map[netip.AddrPort]error{addr4: test.four, addr6: test.six}[addr]
		})
		if got := p.reach(context.Background(), tracker.Check{Addr: addr4, Also: addr6}); got != test.want {
			t.Errorf("%v and %v: %s, expected %s", test.four, test.six, got, test.want)
		}
		p.Close()
	}
}

// However many are watched, there are never more attempts at once than the bound, and
// whoever is too many is dropped and counted. Probes end with the Prober.
func TestBounds(t *testing.T) {
	var now, most atomic.Int64
	store := &fakeStore{verdicts: []tracker.Verdict{tracker.ProbeAgain}}
	p := testProber(store, func(ctx context.Context, _ netip.AddrPort) error {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-ctx.Done()
		now.Add(-1)
		return ctx.Err()
	})
	p.Watch(make([]tracker.Check, testBounds.watched+5))
	for range 1000 {
		if int(now.Load()) == testBounds.attempts && testutil.ToFloat64(p.counts.WithLabelValues(dropped)) == 5 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.Close() // while all wait
	if n := most.Load(); int(n) != testBounds.attempts {
		t.Errorf("%d attempts at once", n)
	}
	if n := testutil.ToFloat64(p.counts.WithLabelValues(dropped)); n != 5 {
		t.Errorf("%v were dropped", n)
	}
	p.Watch([]tracker.Check{{Addr: addr4}})
	if n := p.watched.Load(); n != 0 || len(store.reported()) != 0 {
		t.Errorf("%d are watched after the end, %d were reported", n, len(store.reported()))
	}
}

func TestClassify(t *testing.T) {
	if o := classify(errors.New("anything else")); o != failed {
		t.Error(o)
	}
	for _, err := range []error{syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ETIMEDOUT, context.DeadlineExceeded} {
		if o := classify(err); o != timeout {
			t.Errorf("%v: %s", err, o)
		}
	}
}

package smdb

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// These tests run on the clock of a synctest bubble: time passes only where
// all goroutines wait, so that durations are exact and cost nothing.

var (
	_ tracker.Locator = (*Cache)(nil)

	hostAddr = netip.MustParseAddr("10.1.2.3")

	rackA = tracker.Place{Location: "rA", Hostname: "web1"}
	rackB = tracker.Place{Location: "rB", Hostname: "web1"}

	errDown = errors.New("connection refused")
)

var testOptions = CacheOptions{
	TTL:         10 * time.Minute,
	MaxStale:    2 * time.Hour,
	NegativeTTL: time.Minute,
	FailureTTL:  5 * time.Second,
	Recall:      200 * time.Millisecond,
	Size:        1000,
}

// scripted is a Source that answers what the test says, and counts.
type scripted struct {
	mu    sync.Mutex
	place tracker.Place
	err   error
	delay time.Duration
	calls int
	asked netip.Addr
}

func (s *scripted) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	s.mu.Lock()
	s.calls++
	s.asked = ip
	place, err, delay := s.place, s.err, s.delay
	s.mu.Unlock()
	// Under -race, goroutines of a bubble that meet timers which are due already
	// crash Go's runtime (1.26) now and then.
	if delay == 0 {
		return place, err
	}
	select {
	case <-time.After(delay):
		return place, err
	case <-ctx.Done():
		return tracker.Place{}, ctx.Err()
	}
}

// says sets what the source answers from now on.
func (s *scripted) says(place tracker.Place, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place, s.err = place, err
}

func (s *scripted) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// fixture is a Cache in front of a scripted source, and what it logged.
type fixture struct {
	*testing.T
	*scripted
	cache *Cache
	log   *logtest.Recorder
}

// inBubble runs a test of a fresh Cache on a clock of its own.
func inBubble(t *testing.T, test func(b *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &fixture{T: t, scripted: &scripted{place: rackA}, log: &logtest.Recorder{}}
		b.cache = NewCache(chainOf(b.scripted), nil, testOptions, b.log.Logger())
		defer b.cache.Close()
		test(b)
	})
}

// bareChain asks its sources without the bounds of remote ones.
func bareChain(registerer prometheus.Registerer, sources ...Link) *Chain {
	c, lookups := &Chain{}, newLookups(registerer)
	for _, l := range sources {
		c.links = append(c.links, link{Link: l, asked: l.Source, lookups: newLookupCounters(lookups, l.Name)})
	}
	return c
}

// chainOf is a chain of one remote source.
func chainOf(source Source) *Chain {
	return bareChain(nil, Link{Name: "smdb", Source: source, Remote: true})
}

// locate asks for the host and lets a refresh that this begins end.
func (b *fixture) locate() (tracker.Place, error) {
	b.Helper()
	place, err := b.cache.Locate(b.Context(), hostAddr)
	if err != nil && !errors.Is(err, tracker.ErrLocationUnknown) {
		b.Errorf("%v does not wrap ErrLocationUnknown", err)
	}
	if (err == nil) != (place != tracker.Place{}) {
		b.Errorf("%+v with error %v", place, err)
	}
	synctest.Wait()
	return place, err
}

// want asks for the host and says what must come of it, and how many calls the
// source must have seen by then.
func (b *fixture) want(place tracker.Place, err error, calls int) {
	b.Helper()
	got, gotErr := b.locate()
	if got != place || !errors.Is(gotErr, err) || b.called() != calls {
		b.Errorf("%+v, %v after %d calls; want %+v, %v after %d", got, gotErr, b.called(), place, err, calls)
	}
}

func TestKnownHostCostsNoCall(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		for range 100 {
			time.Sleep(testOptions.TTL / 101)
			b.want(rackA, nil, 1)
		}
	})
}

func TestOneHostHasOneAddress(t *testing.T) {
	inBubble(t, func(b *fixture) {
		for _, tt := range []struct {
			ip, asked string
			calls     int
		}{
			{"10.1.2.3", "10.1.2.3", 1},
			{"::ffff:10.1.2.3", "10.1.2.3", 1},
			{"::ffff:10.1.2.3%eth0", "10.1.2.3", 1},
			{"fe80::1%eth0", "fe80::1", 2},
			{"fe80::1%eth1", "fe80::1", 2},
			{"fe80::1", "fe80::1", 2},
			{"10.1.2.4", "10.1.2.4", 3},
		} {
			if _, err := b.cache.Locate(b.Context(), netip.MustParseAddr(tt.ip)); err != nil {
				b.Fatal(err)
			}
			if b.called() != tt.calls || b.asked.String() != tt.asked {
				b.Errorf("%s: call %d asked for %s; want %d, %s", tt.ip, b.called(), b.asked, tt.calls, tt.asked)
			}
		}
	})
}

func TestNoAddressIsUnknown(t *testing.T) {
	inBubble(t, func(b *fixture) {
		_, err := b.cache.Locate(b.Context(), netip.Addr{})
		if !errors.Is(err, tracker.ErrLocationUnknown) || b.called() != 0 {
			b.Errorf("%v after %d calls", err, b.called())
		}
	})
}

func TestOneCallForAStorm(t *testing.T) {
	for name, tt := range map[string]struct {
		place tracker.Place
		err   error
	}{
		"found":     {rackA, nil},
		"not found": {tracker.Place{}, ErrNotFound},
		"failed":    {tracker.Place{}, errDown},
	} {
		inBubble(t, func(b *fixture) {
			b.delay = time.Second
			b.says(tt.place, tt.err)
			var wg sync.WaitGroup
			for i := range 500 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Millisecond)
					place, err := b.cache.Locate(b.Context(), hostAddr)
					if place != tt.place || !errors.Is(err, tt.err) {
						b.Errorf("%s: %+v, %v", name, place, err)
					}
				})
			}
			wg.Wait()
			if b.called() != 1 {
				b.Errorf("%s: %d calls", name, b.called())
			}
		})
	}
}

// Past its TTL a place is answered at once, and asked for once in the
// background, although the source takes its time.
func TestRefreshInTheBackground(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		time.Sleep(testOptions.TTL)
		b.says(rackB, nil)
		b.delay = time.Second
		before := time.Now()
		for range 100 {
			b.want(rackA, nil, 2)
		}
		if waited := time.Since(before); waited != 0 {
			b.Errorf("waited %v", waited)
		}
		time.Sleep(b.delay)
		synctest.Wait()
		b.want(rackB, nil, 2)
		time.Sleep(testOptions.TTL - time.Second)
		b.want(rackB, nil, 2)
	})
}

func TestStaleWhileTheSourceIsDown(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		b.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		b.want(rackA, nil, 2)
		time.Sleep(testOptions.FailureTTL - 1)
		b.want(rackA, nil, 2)
		time.Sleep(1)
		b.want(rackA, nil, 3)

		// It is usable up to MaxStale after the source last said so, not longer.
		time.Sleep(testOptions.MaxStale - testOptions.TTL - testOptions.FailureTTL - 1)
		b.want(rackA, nil, 4)
		time.Sleep(1)
		b.want(tracker.Place{}, errDown, 5)
	})
}

func TestBackFromStale(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		b.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.MaxStale - 1)
		b.want(rackA, nil, 2)
		b.says(rackB, nil)
		time.Sleep(1)
		b.want(rackB, nil, 3)
	})
}

// A source that says that it does not know the host is believed at once.
func TestRefreshRemovesHost(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		b.says(tracker.Place{}, fmt.Errorf("ask SMDB: %w", ErrNotFound))
		time.Sleep(testOptions.TTL)
		b.want(rackA, nil, 2)
		b.want(tracker.Place{}, ErrNotFound, 2)
		time.Sleep(testOptions.NegativeTTL - 1)
		b.want(tracker.Place{}, ErrNotFound, 2)
		b.says(rackB, nil)
		time.Sleep(1)
		b.want(rackB, nil, 3)
	})
}

// One that names no valid place, such as two at a time, is about to be mended: the last
// place stands, for as long as if the source failed.
func TestRefreshKeepsHostWithoutValidPlace(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		b.says(tracker.Place{}, fmt.Errorf("ask SMDB: %w", ErrInvalid))
		time.Sleep(testOptions.TTL)
		b.want(rackA, nil, 2)
		b.want(rackA, nil, 2)
		time.Sleep(testOptions.MaxStale)
		b.want(tracker.Place{}, ErrInvalid, 3)
	})
}

func TestNegativeAnswersAreRemembered(t *testing.T) {
	for _, tt := range []struct {
		err error
		ttl time.Duration
	}{
		{ErrNotFound, testOptions.NegativeTTL},
		{ErrInvalid, testOptions.NegativeTTL},
		{errDown, testOptions.FailureTTL},
	} {
		inBubble(t, func(b *fixture) {
			b.says(tracker.Place{}, tt.err)
			b.want(tracker.Place{}, tt.err, 1)
			b.says(rackA, nil)
			time.Sleep(tt.ttl - 1)
			b.want(tracker.Place{}, tt.err, 1)
			time.Sleep(1)
			b.want(rackA, nil, 2)
		})
	}
}

func TestInvalidLocationOfASourceIsRefused(t *testing.T) {
	for _, location := range []tracker.Location{"", "r 1", "r1:N", "a/b/c/d/e", "/r1"} {
		inBubble(t, func(b *fixture) {
			b.says(tracker.Place{Location: location}, nil)
			b.want(tracker.Place{}, ErrInvalid, 1)
		})
	}
}

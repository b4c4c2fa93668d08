package smdb

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Deadlines, cancellation and size: what bounds a lookup and the cache.

// The first caller may leave: the lookup goes on for the others, and for its next try.
func TestCanceledAskerLeavesTheLookup(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.delay = 2 * time.Second
		first, leave := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := b.cache.Locate(first, hostAddr); !errors.Is(err, context.Canceled) {
				b.Errorf("first: %v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if place, err := b.cache.Locate(b.Context(), hostAddr); place != rackA || err != nil {
					b.Errorf("another: %+v, %v", place, err)
				}
			})
		}
		synctest.Wait()
		leave()
		wg.Wait()
		b.want(rackA, nil, 1)
	})
}

func TestAskerLeavesAtHisDeadline(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.delay = 2 * time.Second
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		before := time.Now()
		_, err := b.cache.Locate(ctx, hostAddr)
		if !errors.Is(err, tracker.ErrLocationUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			b.Error(err)
		}
		if waited := time.Since(before); waited != time.Second {
			b.Errorf("left after %v", waited)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.want(rackA, nil, 1)
	})
}

// Even with no time left, a known host is answered.
func TestKnownHostNeedsNoTime(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.want(rackA, nil, 1)
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		if place, err := b.cache.Locate(ctx, hostAddr); place != rackA || err != nil {
			b.Errorf("%+v, %v", place, err)
		}
	})
}

func TestLookupIsBounded(t *testing.T) {
	inBubble(t, func(b *fixture) {
		b.delay = 365 * 24 * time.Hour
		before := time.Now()
		b.want(tracker.Place{}, context.DeadlineExceeded, 1)
		if waited := time.Since(before); waited != b.cache.lookup.timeout {
			b.Errorf("gave up after %v", waited)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	inBubble(t, func(b *fixture) {
		ip := hostAddr
		for range 5 * testOptions.Size {
			if _, err := b.cache.Locate(b.Context(), ip); err != nil {
				b.Fatal(err)
			}
			ip = ip.Next()
		}
		b.cache.answers.Load().CleanUp()
		if size := b.cache.answers.Load().EstimatedSize(); size > testOptions.Size {
			b.Errorf("%d hosts remembered", size)
		}
	})
}

package tracker

import (
	"context"
	"fmt"
	"time"
)

// limited is a Store with a bounded number of slots.
type limited struct {
	store Store
	slots chan struct{}
}

// Limit returns a Store that calls store at most n times at once. All other calls wait, first come,
// first served, until their deadline.
//
// A thousand calls that wait for Redis are answered no sooner than a hundred, and each costs
// ten times the memory of one that waits here.
func Limit(store Store, n int) Store {
	return limited{store, make(chan struct{}, n)}
}

func (l limited) Announce(ctx context.Context, a Announce) (Handout, error) {
	if err := l.acquire(ctx); err != nil {
		return Handout{}, err
	}
	defer l.release()
	if a.Waiter != nil && a.Waiter.Gone(a.Event) {
		return Handout{}, ErrLate
	}
	return l.store.Announce(ctx, a)
}

func (l limited) Scrape(ctx context.Context, hashes []InfoHash) ([]ScrapeEntry, error) {
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	defer l.release()
	return l.store.Scrape(ctx, hashes)
}

func (l limited) acquire(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: no slot in time: %w", ErrUnavailable, ctx.Err())
	}
	if hasPassed(ctx) {
		l.release()
		return fmt.Errorf("%w: no slot in time: %w", ErrUnavailable, context.DeadlineExceeded)
	}
	return nil
}

// hasPassed looks at the clock: a process that was stopped goes on before its timers do.
func hasPassed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

func (l limited) release() { <-l.slots }

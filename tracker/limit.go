package tracker

import (
	"context"
	"fmt"
	"time"
)

// turns is a Store that is asked a bounded number of things at once.
type turns struct {
	store Store
	taken chan struct{}
}

// InTurn returns a Store that asks store at most n things at once. All others wait for
// their turn, first come, first served, until their deadline.
//
// A thousand calls that wait for Redis are answered no sooner than a hundred, and each costs
// ten times the memory of one that waits here.
func InTurn(store Store, n int) Store {
	return turns{store, make(chan struct{}, n)}
}

func (t turns) Announce(ctx context.Context, a Announce) (Handout, error) {
	if err := t.take(ctx); err != nil {
		return Handout{}, err
	}
	defer t.leave()
	if a.Waiter != nil && a.Waiter.Gone(a.Event) {
		return Handout{}, ErrLate
	}
	return t.store.Announce(ctx, a)
}

func (t turns) Scrape(ctx context.Context, hashes []InfoHash) ([]ScrapeEntry, error) {
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	defer t.leave()
	return t.store.Scrape(ctx, hashes)
}

func (t turns) take(ctx context.Context) error {
	select {
	case t.taken <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: no turn in time: %w", ErrUnavailable, ctx.Err())
	}
	if hasPassed(ctx) {
		t.leave()
		return fmt.Errorf("%w: no turn in time: %w", ErrUnavailable, context.DeadlineExceeded)
	}
	return nil
}

// hasPassed looks at the clock: a process that was stopped goes on before its timers do.
func hasPassed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

func (t turns) leave() { <-t.taken }

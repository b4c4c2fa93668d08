package tracker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowStore takes a second for an announce, and notes who it was asked about.
type slowStore struct {
	mu        sync.Mutex
	now, most int
	order     []int
}

func (s *slowStore) Announce(_ context.Context, a Announce) (Handout, error) {
	s.enter(a.NumWant)
	time.Sleep(time.Second)
	s.enter(-1)
	return Handout{}, nil
}

func (s *slowStore) Scrape(context.Context, []InfoHash) ([]ScrapeEntry, error) { return nil, nil }

// enter notes the number of an announce that begins, or with -1 that one has ended.
func (s *slowStore) enter(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < 0 {
		s.now--
		return
	}
	s.now++
	s.most = max(s.most, s.now)
	s.order = append(s.order, number)
}

// First come, first served, and never more than there are slots.
func TestSlotsAreTakenInOrder(t *testing.T) {
	for _, n := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			slow := &slowStore{}
			store := Limit(slow, n)
			const crowd = 30
			for i := range crowd {
				go store.Announce(t.Context(), Announce{AnnounceRequest: AnnounceRequest{NumWant: i}})
				synctest.Wait()
			}
			time.Sleep(crowd * time.Second)
			synctest.Wait()
			if slow.most != n {
				t.Errorf("%d at once, not %d", slow.most, n)
			}
			if n == 1 && !slices.IsSorted(slow.order) {
				t.Errorf("in the order %v", slow.order)
			}
			if len(slow.order) != crowd {
				t.Errorf("%d of %d", len(slow.order), crowd)
			}
		})
	}
}

// Who gets no slot in time is told so, and does not take one later.
func TestWaitEndsWithTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowStore{}
		store := Limit(slow, 1)
		go store.Announce(t.Context(), Announce{})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := store.Announce(ctx, Announce{}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("announce: %v", err)
		}
		if _, err := store.Scrape(ctx, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("scrape: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(slow.order) != 1 {
			t.Errorf("the store was asked %d times", len(slow.order))
		}
		if _, err := store.Scrape(t.Context(), nil); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

// leaver is a Waiter that has gone, but for what is sent by who stops.
type leaver struct{}

func (leaver) Gone(e Event) bool { return e != EventStopped }

// pastDeadline is a context whose deadline has passed while its timer had no time to say so.
type pastDeadline struct{ context.Context } //nolint:containedctx // it is one

func (pastDeadline) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// The store is not asked for who gave up, nor after the deadline.
func TestSlotsAreForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowStore{}
		store := Limit(slow, 1)
		gone := Announce{AnnounceRequest: AnnounceRequest{Waiter: leaver{}}}
		if _, err := store.Announce(t.Context(), gone); !errors.Is(err, ErrLate) {
			t.Errorf("who has gone: %v", err)
		}
		if _, err := store.Announce(pastDeadline{t.Context()}, Announce{}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("announce: %v", err)
		}
		if _, err := store.Scrape(pastDeadline{t.Context()}, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("scrape: %v", err)
		}
		if len(slow.order) != 0 {
			t.Errorf("the store was asked %d times", len(slow.order))
		}
		gone.Event = EventStopped
		if _, err := store.Announce(t.Context(), gone); err != nil || len(slow.order) != 1 {
			t.Errorf("who stops: %v, %d", err, len(slow.order))
		}
	})
}

package smdb

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestRefresh(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		s.other.want(rackA, nil, 1)
		s.says(rackB, nil)
		if generation, err := s.cache.Refresh(s.Context()); generation != 1 || err != nil {
			s.Fatal(generation, err)
		}
		s.want(rackB, nil, 2) // here at once
		pass(generationInterval)
		s.other.want(rackB, nil, 2) // there within a second, and from Redis

		// From before a refresh, only if the SMDB fails.
		if _, err := s.other.cache.Refresh(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.says(tracker.Place{}, errDown)
		s.other.want(rackB, nil, 3)
		s.says(rackA, nil)
		time.Sleep(testOptions.FailureTTL)
		s.other.want(rackB, nil, 4)
		s.other.want(rackA, nil, 4)
		s.want(rackA, nil, 4)
	})
}

func TestRefreshWithoutMemory(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		s.memory.change(isDown)
		if _, err := s.cache.Refresh(s.Context()); !errors.Is(err, tracker.ErrUnavailable) {
			s.Error(err)
		}
		s.want(rackA, nil, 1)
	})
}

// A lookup that began before a refresh ends after it: what it brings is not kept, here
// or for others, as if it were new.
func TestRefreshDuringALookup(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.delay = 2 * time.Second
		var wg sync.WaitGroup
		wg.Go(func() {
			if place, err := s.cache.Locate(s.Context(), hostAddr); place != rackA || err != nil {
				s.Errorf("%+v, %v", place, err)
			}
		})
		synctest.Wait()
		s.says(rackB, nil)
		if _, err := s.cache.Refresh(s.Context()); err != nil {
			s.Fatal(err)
		}
		wg.Wait()
		s.want(rackB, nil, 2)
		s.other.want(rackB, nil, 2)
	})
}

// A refresh while Redis cannot be reached from here is noticed when it can, and a
// Redis that lost its data is no refresh.
func TestGenerationsAreNoticedLater(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.memory.change(func(m *fakeMemory) { m.generation = 6 })
		pass(generationInterval)
		s.want(rackA, nil, 1)
		s.memory.change(isDown)
		time.Sleep(time.Minute)
		s.memory.change(func(m *fakeMemory) { m.generation++ })
		s.want(rackA, nil, 1)
		s.memory.change(isUp)
		pass(generationInterval)
		s.want(rackA, nil, 2)

		s.memory.change(func(m *fakeMemory) { m.generation, m.hosts = 0, map[netip.Addr]tracker.Located{} })
		pass(generationInterval)
		s.want(rackA, nil, 2)
		if _, err := s.other.cache.Refresh(s.Context()); err != nil {
			s.Fatal(err)
		}
		pass(generationInterval)
		s.want(rackA, nil, 3)
	})
}

func TestGenerationThatCannotBeReadIsLoggedOnce(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.memory.change(func(m *fakeMemory) { m.broken = errors.New("is no number") })
		time.Sleep(time.Minute)
		if lines := s.log.Take(); len(lines) != 1 || !strings.Contains(lines[0], "is no number") {
			s.Errorf("logged %q", lines)
		}
		s.memory.change(func(m *fakeMemory) { m.broken = tracker.ErrUnavailable })
		time.Sleep(time.Minute)
		if lines := s.log.Take(); len(lines) != 0 {
			s.Errorf("logged %q", lines)
		}
	})
}

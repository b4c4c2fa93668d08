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

	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// fakeMemory is a Memory inside the test, with a clock of its own, which keeps whole seconds as
// Redis does.
type fakeMemory struct {
	mu         sync.Mutex
	hosts      map[netip.Addr]tracker.Located
	generation int64
	down       bool // answers at once that it cannot be reached
	hangs      bool // never answers
	broken     error
	answer     chan struct{} // unless nil, Recall waits until it is closed
	recalls    int           // under way
	most       int           // of them
}

// ahead is how wrong frontends' clocks are.
const ahead = 1000 * time.Hour

func newFakeMemory() *fakeMemory { return &fakeMemory{hosts: map[netip.Addr]tracker.Located{}} }

// enter locks the fakeMemory, if it answers at all.
func (m *fakeMemory) enter(ctx context.Context) error {
	m.mu.Lock()
	switch {
	case m.hangs:
		m.mu.Unlock()
		<-ctx.Done()
		return fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
	case m.down:
		m.mu.Unlock()
		return tracker.ErrUnavailable
	case m.broken != nil:
		defer m.mu.Unlock()
		return m.broken
	}
	return nil
}

func (m *fakeMemory) Recall(ctx context.Context, ip netip.Addr) (tracker.Located, tracker.Moment, error) {
	var answer chan struct{}
	m.change(func(m *fakeMemory) {
		m.recalls++
		m.most = max(m.most, m.recalls)
		answer = m.answer
	})
	defer func() { m.change(func(m *fakeMemory) { m.recalls-- }) }()
	if answer != nil {
		<-answer
	}
	if err := m.enter(ctx); err != nil {
		return tracker.Located{}, tracker.Moment{}, err
	}
	last, now := m.hosts[ip], tracker.Moment{Time: time.Now().Add(ahead), Generation: m.generation}
	m.mu.Unlock()
	return last, now, nil
}

func (m *fakeMemory) Remember(ctx context.Context, hosts []tracker.Located) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, host := range hosts {
		if host.Location == "" {
			delete(m.hosts, host.IP)
			continue
		}
		host.Asked.Time = host.Asked.Time.Truncate(time.Second)
		m.hosts[host.IP] = host
	}
	return nil
}

func (m *fakeMemory) Generation(ctx context.Context) (int64, error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	return m.generation, nil
}

func (m *fakeMemory) NextGeneration(ctx context.Context) (int64, error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	m.generation++
	return m.generation, nil
}

// change changes the fakeMemory from outside.
func (m *fakeMemory) change(f func(m *fakeMemory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

// What may happen to it.
func isDown(m *fakeMemory)   { m.down, m.hangs = true, false }
func hangsNow(m *fakeMemory) { m.down, m.hangs = false, true }
func isUp(m *fakeMemory)     { m.down, m.hangs = false, false }

// knows stores a place that the sources gave so long ago.
func (m *fakeMemory) knows(place tracker.Place, age time.Duration) {
	m.change(func(m *fakeMemory) {
		m.hosts[hostAddr] = tracker.Located{
			IP: hostAddr, Place: place, Asked: tracker.Moment{Time: time.Now().Add(ahead - age), Generation: m.generation},
		}
	})
}

// place is the one that it has of the host.
func (m *fakeMemory) place() (place tracker.Place) {
	m.change(func(m *fakeMemory) { place = m.hosts[hostAddr].Place })
	return place
}

// shared are two frontends with one SMDB and one Memory.
type shared struct {
	*fixture          // the first frontend
	other    *fixture // another one
	memory   *fakeMemory
}

func inSharedBubble(t *testing.T, test func(s *shared)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		source, memory := &scripted{place: rackA}, newFakeMemory()
		s := &shared{fixture: newFrontend(t, source, memory), other: newFrontend(t, source, memory), memory: memory}
		test(s)
		s.cache.Close()
		s.other.cache.Close()
	})
}

func newFrontend(t *testing.T, source *scripted, memory *fakeMemory) *fixture {
	b := &fixture{T: t, scripted: source, log: &logtest.Recorder{}}
	b.cache = NewCache(chainOf(source), memory, testOptions, b.log.Logger())
	return b
}

// pass lets time go by, and what is due at its end happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// restart replaces the other frontend by one that has just been started.
func (s *shared) restart() {
	s.other.cache.Close()
	s.other = newFrontend(s.T, s.scripted, s.memory)
}

func TestSecondFrontendAsksNobody(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		time.Sleep(testOptions.TTL / 2)
		s.other.want(rackA, nil, 1)

		// Its age counts: both are due at the same time, and one question is enough.
		time.Sleep(testOptions.TTL / 2)
		s.says(rackB, nil)
		s.want(rackA, nil, 2)
		s.other.want(rackA, nil, 2)
		s.other.want(rackB, nil, 2)
		s.want(rackB, nil, 2)
	})
}

func TestNobodyIsAskedAgainForWhatIsNotFound(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		time.Sleep(testOptions.TTL)
		s.says(tracker.Place{}, ErrNotFound)
		s.want(rackA, nil, 2)
		if place := s.memory.place(); place != (tracker.Place{}) {
			s.Errorf("still remembered: %v", place)
		}
		// That a host is nowhere is no news for the others: they ask for themselves.
		s.other.want(tracker.Place{}, ErrNotFound, 3)
	})
}

// A fresh frontend, with the SMDB down: what Redis has is used for as long as
// MAX_STALE after the SMDB said it, and asked for again after FailureTTL.
func TestFreshFrontendWithoutSMDB(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		s.says(tracker.Place{}, errDown)
		s.restart()
		s.other.want(rackA, nil, 1)

		s.restart()
		time.Sleep(testOptions.TTL)
		s.other.want(rackA, nil, 2)
		time.Sleep(testOptions.FailureTTL - 1)
		s.other.want(rackA, nil, 2)
		time.Sleep(1)
		s.other.want(rackA, nil, 3)

		time.Sleep(testOptions.MaxStale - testOptions.TTL - testOptions.FailureTTL - 1)
		s.restart()
		s.other.want(rackA, nil, 4)
		time.Sleep(1)
		s.other.want(tracker.Place{}, errDown, 5)
	})
}

// Another frontend reached the SMDB when this one could not.
func TestLaterAnswerOfAnotherFrontend(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		s.other.want(rackA, nil, 1)
		time.Sleep(testOptions.TTL)
		s.says(rackB, nil)
		s.want(rackA, nil, 2)
		s.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		s.other.want(rackA, nil, 3)
		s.other.want(rackB, nil, 3)
	})
}

// This frontend learned where the host is while Redis was away, which has an older place.
func TestOlderAnswerInRedis(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.want(rackA, nil, 1)
		s.memory.change(isDown)
		s.says(rackB, nil)
		time.Sleep(testOptions.TTL)
		s.want(rackA, nil, 2)
		s.memory.change(isUp)
		s.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		s.want(rackB, nil, 3)
		s.want(rackB, nil, 3)
	})
}

// A Memory that is down, hangs or is broken costs nothing but time, and not much of it.
func TestWithoutMemory(t *testing.T) {
	for name, spoil := range map[string]func(m *fakeMemory){
		"down":   isDown,
		"hangs":  hangsNow,
		"broken": func(m *fakeMemory) { m.broken = errors.New("WRONGTYPE") },
	} {
		inSharedBubble(t, func(s *shared) {
			s.memory.change(spoil)
			before := time.Now()
			s.want(rackA, nil, 1)
			s.other.want(rackA, nil, 2)
			if waited := time.Since(before); waited > 2*testOptions.Recall {
				s.Errorf("%s: waited %v", name, waited)
			}
			time.Sleep(testOptions.TTL)
			s.says(rackB, nil)
			_, _ = s.locate() // which begins a lookup in the background
			pass(testOptions.Recall)
			s.want(rackB, nil, 3)
			if place := s.memory.place(); place != (tracker.Place{}) {
				s.Errorf("%s: written: %v", name, place)
			}
		})
	}
}

// New hosts do not crowd Redis.
func TestRecallsAtOnceAreBounded(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		answer := make(chan struct{})
		s.memory.change(func(m *fakeMemory) { m.answer = answer })
		var wg sync.WaitGroup
		for i := range 10 * recallsAtOnce {
			wg.Go(func() {
				ip := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
				if place, err := s.cache.Locate(s.Context(), ip); place != rackA || err != nil {
					s.Errorf("%+v, %v", place, err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		wg.Wait()
		if n := s.memory.most; n != recallsAtOnce {
			s.Errorf("%d recalls at once, want %d", n, recallsAtOnce)
		}
	})
}

// A lookup waits for a slot no longer than for the recall itself.
func TestWaitForASlotIsBounded(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		for range recallsAtOnce {
			s.cache.lookup.recalls <- struct{}{}
		}
		before := time.Now()
		s.want(rackA, nil, 1)
		if waited := time.Since(before); waited != testOptions.Recall {
			s.Errorf("waited %v", waited)
		}
	})
}

// A Memory that hangs holds up a bounded number of answers, and nobody.
func TestUnwrittenAnswersAreBounded(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		l := s.cache.lookup
		s.memory.change(hangsNow)
		for range rememberPending + 1000 {
			l.remember(hostAddr, answer{outcome: found, place: rackA}, tracker.Moment{Time: time.Now()})
		}
		if n := len(l.pending); n > rememberPending {
			s.Errorf("%d answers wait", n)
		}
		s.memory.change(isUp)
		time.Sleep(rememberTimeout)
		synctest.Wait()
		if n := len(l.pending); n != 0 || s.memory.place() != rackA {
			s.Errorf("%d answers wait still", n)
		}
	})
}

// Redis' clock may be behind what it was, after a failover: a place is not older
// than new then.
func TestClockThatWentBack(t *testing.T) {
	inSharedBubble(t, func(s *shared) {
		s.memory.knows(rackB, -ahead)
		s.want(rackB, nil, 0)
		s.memory.change(isDown)
		time.Sleep(testOptions.TTL)
		s.want(rackB, nil, 1)
	})
}

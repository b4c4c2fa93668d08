package swarm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// Who represents a rack.

// rackFixture has a rack r0 of hosts 0 to 3, of whom 0 and 1 represent it, and hosts 100 to 110
// in racks of their own.
type rackFixture struct {
	*storetest.Fixture
	hash tracker.InfoHash
}

func newRackFixture(t *testing.T, f *storetest.Fixture) rackFixture {
	l := rackFixture{f, f.RegisterTransfer(t, 1)}
	for n := range 4 {
		f.MustAnnounce(t, l.of(n))
	}
	for n := 100; n <= 110; n++ {
		f.MustAnnounce(t, l.of(n))
	}
	return l
}

func (l rackFixture) of(n int) tracker.Announce {
	a := storetest.AnnounceOf(l.hash, tracker.Location(fmt.Sprintf("r%d", max(n-99, 0))), n)
	a.OutsidePeers = 20 // more than there are
	return a
}

// handed are the numbers of the hosts that a host is handed when it announces again.
func (l rackFixture) handed(t *testing.T, a tracker.Announce) (inside, outside []int) {
	t.Helper()
	for _, peer := range l.MustAnnounce(t, a).Peers {
		if n := storetest.HostNumber(peer); n < 100 {
			inside = append(inside, n)
		} else {
			outside = append(outside, n)
		}
	}
	return inside, outside
}

// expect says who of r0 is handed out to other racks.
func (l rackFixture) expect(t *testing.T, when string, want ...int) {
	t.Helper()
	inside, _ := l.handed(t, l.of(110))
	slices.Sort(inside)
	if !slices.Equal(inside, want) {
		t.Errorf("%s: of r0 %v are handed out, expected %v", when, inside, want)
	}
}

func (l rackFixture) send(t *testing.T, n int, event tracker.Event, left uint64) {
	t.Helper()
	a := l.of(n)
	a.Event, a.Left = event, left
	l.MustAnnounce(t, a)
}

// All representatives of a rack are alike: each is handed out to other racks, and handed peers of other racks;
// nobody else is.
func TestRepresentativesAreAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		r := newRackFixture(t, f)
		r.expect(t, "at first", 0, 1)
		for n := range 4 {
			inside, outside := r.handed(t, r.of(n))
			if want := map[bool]int{true: 11}[n < 2]; len(outside) != want || len(inside) != 3 {
				t.Errorf("host %d is handed %v of its rack, and %v from outside", n, inside, outside)
			}
		}
		r.send(t, 0, tracker.EventCompleted, 0)
		r.expect(t, "when one has everything", 0, 1)
		r.send(t, 0, tracker.EventStopped, 0)
		r.expect(t, "when it stops", 1)
		r.send(t, 3, tracker.EventNone, 5)
		r.expect(t, "when the next one announces", 1, 3)
		r.send(t, 0, tracker.EventStarted, 0)
		r.expect(t, "when the first starts again", 1, 3)
		f.Advance(storetest.Rules.PeerTTL)
		r.send(t, 2, tracker.EventNone, 5)
		r.send(t, 110, tracker.EventNone, 5)
		r.expect(t, "when all expired", 2)
	})
}

// A partial seed represents its rack only as long as nobody else can, and makes way for the first that can.
func TestPartialSeedMakesWay(t *testing.T) {
	const none, paused = tracker.EventNone, tracker.EventPaused
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		r := newRackFixture(t, f)
		r.send(t, 0, paused, 5)
		r.expect(t, "when one pauses, and others can", 1)
		r.send(t, 2, none, 5)
		r.expect(t, "when another one takes its place", 1, 2)
		r.send(t, 1, paused, 5)
		r.send(t, 3, none, 5)
		r.expect(t, "when the next one does", 2, 3)
		r.send(t, 2, paused, 5)
		r.expect(t, "when nobody else can", 2, 3)
		r.send(t, 0, paused, 5)
		r.send(t, 3, tracker.EventStopped, 5)
		r.expect(t, "when one stops", 2)
		r.send(t, 1, paused, 5)
		r.expect(t, "when there are only partial seeds", 1, 2)
		r.send(t, 1, none, 5)
		r.expect(t, "when one fetches", 1, 2)
		r.send(t, 0, none, 5)
		r.expect(t, "when a second one does", 0, 1)
		r.send(t, 2, none, 5)
		r.expect(t, "when the third does", 0, 1)
	})
}

// An rtorrent that starts in a rack where nobody has everything, and whose first representative, if there is
// one, is another rtorrent that has just begun, is to ask again in some seconds, twice at most. Until then nobody knows of it.
func TestRtorrentIsDeferred(t *testing.T) {
	const start, none, done, stop = tracker.EventStarted, tracker.EventNone, tracker.EventCompleted, tracker.EventStopped
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		l := rackFixture{f, f.RegisterTransfer(t, 1)}
		f.Advance(time.Hour)
		for _, step := range []struct {
			what     string
			wait     int // seconds before
			host     int // of even number: rtorrent
			event    tracker.Event
			left     uint64
			deferred bool
			mates    int // handed out
		}{
			{"is the first", 0, 0, start, 5, true, 0},
			{"is the second", 1, 2, start, 5, true, 0},
			{"is the third", 1, 4, start, 5, true, 0},
			{"comes back first, and represents its rack", 3, 0, start, 5, false, 0},
			{"comes back", 1, 2, start, 5, true, 0},
			{"comes back", 1, 4, start, 5, true, 0},
			{"comes later", 1, 6, start, 5, true, 0},
			{"comes back when somebody has a head start", 4, 6, start, 5, false, 1},
			{"is told no third time", 5, 2, start, 5, false, 2},
			{"is told no third time", 1, 4, start, 5, false, 3},
			{"says more", 0, 4, none, 5, false, 3},
			{"starts again at once", 0, 4, start, 5, false, 3},
			{"comes half a minute after", 17, 8, start, 5, false, 4},
			{"has everything", 0, 2, done, 0, false, 4},
			{"comes to a rack that has a seeder", 0, 10, start, 5, false, 5},
			{"stops", 0, 2, stop, 0, false, 0},
			{"is a seeder", 0, 12, start, 0, false, 5},
			{"stops", 0, 12, stop, 0, false, 0},
			{"did not start", 0, 14, none, 5, false, 5},
			{"has represented it", 0, 0, stop, 5, false, 0},
			{"starts where somebody is, and represents the rack", 60, 16, start, 5, false, 5},
			{"is another client", 4, 1, start, 5, false, 6},
		} {
			f.Advance(time.Duration(step.wait) * time.Second)
			got := l.asClient(t, step.host, step.event, step.left)
			if got.Defer != step.deferred || len(got.Peers) != step.mates {
				t.Errorf("host %d, which %s: deferred %v, handed %d", step.host, step.what, got.Defer, len(got.Peers))
			}
		}
	})
}

// asClient announces for a host that is an rtorrent if its number is even.
func (l rackFixture) asClient(t *testing.T, n int, event tracker.Event, left uint64) tracker.Handout {
	t.Helper()
	a := l.of(n)
	if n%2 == 0 {
		copy(a.PeerID[:], "-lt0D80-")
	}
	a.Event, a.Left = event, left
	return l.MustAnnounce(t, a)
}

// An rtorrent that failed before comes back after minutes: then it is not told again.
func TestDeferredForMinutes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		l := rackFixture{f, f.RegisterTransfer(t, 1)}
		if h := l.asClient(t, 0, tracker.EventStarted, 5); !h.Defer {
			t.Error("the first is not deferred")
		}
		f.Advance(160 * time.Second)
		if h := l.asClient(t, 0, tracker.EventStarted, 5); h.Defer || h.Represents != 1 {
			t.Errorf("deferred %v, represents %d groups", h.Defer, h.Represents)
		}
	})
}

// An rtorrent that was first leaves the places to other clients that come before it is back.
func TestRtorrentLeavesPlaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		l := rackFixture{f, f.RegisterTransfer(t, 1)}
		for _, n := range []int{0, 2, 1, 3} {
			l.asClient(t, n, tracker.EventStarted, 5)
		}
		f.Advance(5 * time.Second)
		for _, n := range []int{0, 2} {
			if h := l.asClient(t, n, tracker.EventStarted, 5); h.Represents != 0 || len(h.Peers) != 2+n/2 {
				t.Errorf("host %d represents %d groups, handed %d", n, h.Represents, len(h.Peers))
			}
		}
		l.expect(t, "then", 1, 3)
	})
}

// A representative that a probe finds dead is handed out no more.
func TestDeadRepresentative(t *testing.T) {
	eachProbed(t, func(f *probed) {
		first := f.promote(0)
		f.promote(1)
		handed := func() []int {
			var numbers []int
			for _, peer := range f.MustAnnounce(t, storetest.AnnounceOf(f.hash, "r2", 100)).Peers {
				numbers = append(numbers, storetest.HostNumber(peer))
			}
			slices.Sort(numbers)
			return numbers
		}
		if got := handed(); !slices.Equal(got, []int{0, 1}) {
			t.Fatalf("handed %v", got)
		}
		f.Advance(probeRules.ProbeInterval)
		next := f.report(first, true, tracker.ProbeAgain)
		f.Advance(probeRules.ProbeInterval)
		f.report(next, false, tracker.ProbedDead)
		f.says(1, storetest.Length, tracker.EventNone)
		if got := handed(); !slices.Equal(got, []int{1}) {
			t.Errorf("handed %v once it is dead", got)
		}
	})
}

package redisstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Who leads a rack, and what a representative gets that stands by.

// leadFixture has a rack r0 of hosts 0 to 3, of whom 0 leads and 1 stands by, and hosts 100 to 110
// in racks of their own.
type leadFixture struct {
	*fixture
	hash tracker.InfoHash
}

func newLeadFixture(t *testing.T, f *fixture) leadFixture {
	l := leadFixture{f, f.registerTransfer(t, 1)}
	for n := range 4 {
		f.announce(t, l.of(n))
	}
	for n := 100; n <= 110; n++ {
		f.announce(t, l.of(n))
	}
	return l
}

func (l leadFixture) of(n int) tracker.Announce {
	a := announceOf(l.hash, tracker.Location(fmt.Sprintf("r%d", max(n-99, 0))), n)
	a.OutsidePeers = 11 // all there are
	return a
}

// handed are the numbers of the hosts that a host is handed when it announces again.
func (l leadFixture) handed(t *testing.T, a tracker.Announce) (inside, outside []int) {
	t.Helper()
	for _, peer := range l.announce(t, a).Peers {
		if n := hostNumber(peer); n < 100 {
			inside = append(inside, n)
		} else {
			outside = append(outside, n)
		}
	}
	return inside, outside
}

// leader is who is handed out of r0 to other racks.
func (l leadFixture) leader(t *testing.T) []int {
	t.Helper()
	inside, _ := l.handed(t, l.of(110))
	return inside
}

func (l leadFixture) send(t *testing.T, n int, event tracker.Event, left uint64) {
	t.Helper()
	a := l.of(n)
	a.Event, a.Left = event, left
	l.announce(t, a)
}

// While nobody leads, the first to announce does, whether it represented the rack before or not.
func TestLeading(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := newLeadFixture(t, f)
		expect := func(when string, want ...int) {
			t.Helper()
			if got := l.leader(t); !slices.Equal(got, want) {
				t.Errorf("%s: of r0 %v are handed out, expected %v", when, got, want)
			}
		}
		expect("at first", 0)
		l.send(t, 0, tracker.EventPaused, 5)
		l.send(t, 0, tracker.EventCompleted, 0)
		expect("when it has everything", 0)
		l.send(t, 0, tracker.EventStopped, 0)
		expect("when it stops")
		if _, outside := l.handed(t, l.of(3)); len(outside) != 11 {
			t.Errorf("who leads now is handed %d peers from outside", len(outside))
		}
		expect("when the next one announces", 3)
		l.send(t, 0, tracker.EventStarted, 0)
		expect("when the first starts again", 3)
		f.Advance(testRules.PeerTTL)
		l.send(t, 2, tracker.EventNone, 5)
		l.send(t, 1, tracker.EventNone, 5)
		l.send(t, 110, tracker.EventNone, 5)
		expect("when all expired", 2)
	})
}

// Who stands by and gets nothing for five minutes, while somebody has everything, leads instead of one that
// gets nothing either, whichever has more, and whether that is heard of or not; and so on.
func TestHopeless(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := newLeadFixture(t, f)
		l.send(t, 105, tracker.EventCompleted, 0)
		for _, step := range []struct {
			what  string
			hosts map[int]uint64 // who announces in each 50 seconds, and what they lack
			until int            // seconds after the last step at which another one leads; 0: that does not happen in 10 minutes
			leads int
		}{
			{"both get nothing", map[int]uint64{0: 400, 1: 500}, 400, 1},
			{"nor when the other one leads", map[int]uint64{0: 400, 1: 500}, 350, 0},
			{"and back again", map[int]uint64{0: 400, 1: 500}, 300, 1},
			{"who leads is silent", map[int]uint64{0: 300}, 350, 0},
			{"who stands by gets on", map[int]uint64{0: 300, 1: progress}, 0, 0},
			{"who leads gets on", map[int]uint64{0: progress, 1: 200}, 0, 0},
		} {
			for seconds := 50; seconds <= 600; seconds += 50 {
				f.Advance(50 * time.Second)
				l.send(t, 105, tracker.EventNone, 0)
				for n := range 2 {
					if left, announces := step.hosts[n]; announces {
						l.send(t, n, tracker.EventNone, min(left, uint64(10000-seconds)))
					}
				}
				over := step.until > 0 && seconds >= step.until
				if got := slices.Equal(l.leader(t), []int{step.leads}); got != (over || step.until == 0) {
					t.Fatalf("%s: after %d s host %d leads: %v", step.what, seconds, step.leads, got)
				}
				if over {
					break
				}
			}
		}
	})
}

// progress stands for less with each announce.
const progress = 1 << 20

// rtorrent leads only as long as no other client can, or when it is done.
func TestRtorrentLeads(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := leadFixture{f, f.registerTransfer(t, 1)}
		rtorrent := func(n int, left uint64) {
			a := l.of(n)
			copy(a.PeerID[:], "-lt0D80-")
			a.Left = left
			f.announce(t, a)
		}
		rtorrent(0, 5)
		l.send(t, 1, tracker.EventStarted, 5)
		if got := l.leader(t); !slices.Equal(got, []int{1}) {
			t.Errorf("%v leads", got)
		}
		l.send(t, 1, tracker.EventStopped, 5)
		rtorrent(0, 0)
		l.send(t, 1, tracker.EventStarted, 5)
		if got := l.leader(t); !slices.Equal(got, []int{0}) {
			t.Errorf("%v leads, and rtorrent is done", got)
		}
	})
}

// An rtorrent that starts in a rack where nobody has everything, and nobody leads or another rtorrent that has
// just begun, is to ask again in some seconds, twice at most. Until then nobody knows of it.
func TestRtorrentIsDeferred(t *testing.T) {
	const start, none, done, stop = tracker.EventStarted, tracker.EventNone, tracker.EventCompleted, tracker.EventStopped
	eachStore(t, func(t *testing.T, f *fixture) {
		l := leadFixture{f, f.registerTransfer(t, 1)}
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
			{"comes back first, and leads", 3, 0, start, 5, false, 0},
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
			{"has led", 0, 0, stop, 5, false, 0},
			{"starts where somebody is, and leads", 60, 16, start, 5, false, 5},
			{"is another client", 4, 1, start, 5, false, 6},
			{"comes when another one has just begun to lead", 1, 18, start, 5, true, 0},
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
func (l leadFixture) asClient(t *testing.T, n int, event tracker.Event, left uint64) tracker.Handout {
	t.Helper()
	a := l.of(n)
	if n%2 == 0 {
		copy(a.PeerID[:], "-lt0D80-")
	}
	a.Event, a.Left = event, left
	return l.announce(t, a)
}

// An rtorrent that failed before comes back after minutes: then it is not told again.
func TestDeferredForMinutes(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := leadFixture{f, f.registerTransfer(t, 1)}
		if h := l.asClient(t, 0, tracker.EventStarted, 5); !h.Defer {
			t.Error("the first is not deferred")
		}
		f.Advance(160 * time.Second)
		if h := l.asClient(t, 0, tracker.EventStarted, 5); h.Defer || h.Represents != 1 {
			t.Errorf("deferred %v, represents %d groups", h.Defer, h.Represents)
		}
	})
}

// An rtorrent that was first leaves the lead to another client that comes before it is back.
func TestRtorrentLeavesLead(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := leadFixture{f, f.registerTransfer(t, 1)}
		for _, n := range []int{0, 2, 1, 3} {
			l.asClient(t, n, tracker.EventStarted, 5)
		}
		f.Advance(5 * time.Second)
		for _, n := range []int{0, 2} {
			if h := l.asClient(t, n, tracker.EventStarted, 5); h.Represents != 0 || len(h.Peers) != 2+n/2 {
				t.Errorf("host %d represents %d groups, handed %d", n, h.Represents, len(h.Peers))
			}
		}
		if got := l.leader(t); !slices.Equal(got, []int{1}) {
			t.Errorf("%v leads", got)
		}
	})
}

// A representative that a probe finds dead leads no more.
func TestDeadLeader(t *testing.T) {
	eachProbed(t, func(f *probed) {
		first := f.promote(0)
		f.promote(1)
		handed := func() []int {
			var numbers []int
			for _, peer := range f.announce(t, announceOf(f.hash, "r2", 100)).Peers {
				numbers = append(numbers, hostNumber(peer))
			}
			return numbers
		}
		if got := handed(); !slices.Equal(got, []int{0}) {
			t.Fatalf("handed %v", got)
		}
		f.Advance(probeRules.ProbeInterval)
		next := f.report(first, true, tracker.ProbeAgain)
		f.Advance(probeRules.ProbeInterval)
		f.report(next, false, tracker.ProbedDead)
		f.says(1, testLength, tracker.EventNone)
		if got := handed(); !slices.Equal(got, []int{1}) {
			t.Errorf("handed %v once it is dead", got)
		}
	})
}

// Who stands by is handed its fellow and others of the rack, and peers from outside only if the
// operator says so: then the same ones each time.
func TestStandingBy(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		l := newLeadFixture(t, f)
		inside, outside := l.handed(t, l.of(1))
		if len(outside) != 0 || len(inside) != 3 || inside[0] != 0 {
			t.Fatalf("handed %v of the rack, %v from outside", inside, outside)
		}
		a := l.of(1)
		for few, want := range map[int]int{1: 1, 5: 5, 30: 11} {
			a.StandbyPeers = few
			_, first := l.handed(t, a)
			_, again := l.handed(t, a)
			slices.Sort(first)
			slices.Sort(again)
			if len(first) != want || !slices.Equal(first, again) {
				t.Errorf("STANDBY_PEERS=%d: %v from outside, then %v, expected %d", few, first, again, want)
			}
		}
	})
}

// Who stands by is handed the same ones each time of a swarm of several shelves, too.
func TestStandingByManyRacks(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		for n := range 300 {
			f.announce(t, announceOf(hash, tracker.Location(fmt.Sprintf("r%d", n)), n))
		}
		a := announceOf(hash, "r0", 1000)
		a.StandbyPeers = 2
		handed := map[int]bool{}
		for range 10 {
			for _, peer := range f.announce(t, a).Peers {
				if n := hostNumber(peer); n != 0 {
					handed[n] = true
				}
			}
			a.Event = tracker.EventNone
		}
		if len(handed) != 2 {
			t.Errorf("%d others were handed out, expected the same 2", len(handed))
		}
	})
}

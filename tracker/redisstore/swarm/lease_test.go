package swarm_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// leased is a fixture whose effects the test carries out, or loses.
type leased struct {
	*storetest.Fixture
	t        *testing.T
	frontend *frontend
}

func eachLeased(t *testing.T, test func(t *testing.T, f *leased)) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		for n := range byte(2) {
			f.RegisterTransfer(t, n)
		}
		test(t, &leased{f, t, handDriven(t, f, f.Now)})
	})
}

// announceTo is one to transfer n, of a host that fetches.
func (f *leased) announceTo(n int, rack tracker.Location, host int, event tracker.Event) tracker.Handout {
	f.t.Helper()
	a := storetest.AnnounceOf(storetest.Hash(byte(n)), rack, host)
	a.Event, a.ReprScope = event, tracker.ScopeRack
	handout, err := f.frontend.Announce(context.Background(), a)
	if err != nil {
		f.t.Fatal(err)
	}
	return handout
}

// represents says of some hosts that announce to transfer n whether they represent their rack.
func (f *leased) represents(n int, rack tracker.Location, hosts ...int) (all []bool) {
	f.t.Helper()
	for _, host := range hosts {
		all = append(all, f.announceTo(n, rack, host, tracker.EventNone).Represents > 0)
	}
	return all
}

func (f *leased) expect(what string, got []bool, want ...bool) {
	f.t.Helper()
	for i := range want {
		if got[i] != want[i] {
			f.t.Fatalf("%s: represent %v, expected %v", what, got, want)
		}
	}
}

func (f *leased) doErrands() {
	f.t.Helper()
	for task := f.frontend.Task(); task != nil; task = f.frontend.Task() {
		if err := task(context.Background()); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *leased) loseErrands() {
	for f.frontend.Task() != nil {
	}
}

func (f *leased) take(host int) swarm.Lease {
	f.t.Helper()
	a := storetest.AnnounceOf(storetest.Hash(0), "r1", host)
	taken, _, err := f.frontend.TakeLease(context.Background(), swarm.Lease{Group: "r1", Addr: a.Addr.String(), Hash: a.InfoHash}, storetest.Rules)
	if err != nil {
		f.t.Fatal(err)
	}
	return taken
}

// Who represents the rack in one transfer does so in another, too, and nobody else does;
// when it has left both, its place is free.
func TestLeasesOverTransfers(t *testing.T) {
	eachLeased(t, func(_ *testing.T, f *leased) {
		f.expect("first transfer", f.represents(0, "r1", 1, 2, 3), true, true, false)
		f.expect("second transfer", f.represents(1, "r1", 3, 2, 1), false, true, true)
		f.announceTo(0, "r1", 1, tracker.EventStopped)
		f.doErrands()
		f.expect("after it left one", f.represents(0, "r1", 3), false)
		f.announceTo(1, "r1", 1, tracker.EventStopped)
		f.doErrands()
		f.expect("after it left both", f.represents(0, "r1", 3), true)
	})
}

// A host of both families holds one lease, by its IPv4 address, whichever it announced
// from first.
func TestLeasesOfBothFamilies(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		for n, first := range []bool{true, false} {
			a := storetest.AnnounceOf(storetest.Hash(byte(n)), "r1", 1)
			a.ReprScope, a.Also = tracker.ScopeRack, storetest.SixOf(1)
			if first {
				a.Addr, a.Also = a.Also, a.Addr
			}
			if _, err := f.frontend.Announce(context.Background(), a); err != nil {
				t.Fatal(err)
			}
		}
		f.expect("others", f.represents(0, "r1", 2, 3), true, false)
	})
}

// Each case loses something, and the place is taken in the end by the host that announces.
func TestLeasesLeftOver(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		f.take(1) // and a crash
		f.take(2)
		f.expect("at once", f.represents(0, "r1", 3), false)
		f.Advance(11 * time.Second)
		f.expect("after a look", f.represents(0, "r1", 3, 4), true, true)

		f.announceTo(0, "r1", 3, tracker.EventStopped)
		f.loseErrands()
		f.Advance(11 * time.Second)
		f.expect("after a lost settlement", f.represents(0, "r1", 5), true)

		if err := f.frontend.Deactivate(context.Background(), storetest.Hash(0), false); err != nil {
			t.Fatal(err)
		}
		f.expect("after the transfer's end", f.represents(1, "r1", 6, 7, 8), true, true, false)
	})
}

// A lease that comes late takes no place, if it may be another's by now.
func TestLeasesComeLate(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		late := f.take(1)
		f.expect("meanwhile", f.represents(0, "r1", 1), true)
		f.announceTo(0, "r1", 1, tracker.EventStopped)
		f.doErrands()
		f.expect("others", f.represents(1, "r1", 2, 3), true, true)
		a := storetest.AnnounceOf(storetest.Hash(0), "r1", 1)
		a.ReprScope = tracker.ScopeRack
		done, err := f.frontend.AnnounceWith(context.Background(), a, late)
		if err != nil || done.Represents != 0 {
			t.Errorf("a late lease: represents %d groups, %v", done.Represents, err)
		}
	})
}

// What ends an old lease leaves the one that replaced it.
func TestLeasesReleasedLate(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		old := f.take(1)
		f.expect("both", f.represents(0, "r1", 1, 2), true, true)
		if err := f.frontend.Release(context.Background(), old); err != nil {
			t.Fatal(err)
		}
		f.expect("a third", f.represents(1, "r1", 3), false)
	})
}

// The clock of the group's server may be ahead of, or behind, that of the transfer's.
func TestLeasesBetweenClocks(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		f.expect("both", f.represents(0, "r1", 1, 2), true, true)
		held := storetest.Rules.PeerTTL + storetest.Rules.PeerTTL/4
		f.Advance(held - time.Second) // the places are held yet
		ahead := handDriven(t, f.Fixture, func() time.Time { return f.Now().Add(50 * time.Second) })
		a := storetest.AnnounceOf(storetest.Hash(1), "r1", 3)
		taken, _, err := ahead.TakeLease(context.Background(), swarm.Lease{Group: "r1", Addr: a.Addr.String(), Hash: a.InfoHash}, storetest.Rules)
		if err != nil || taken.Token != "" {
			t.Errorf("a third lease was given: %v, %v", taken, err)
		}
	})
}

// A representative whose lease was not renewed is one no more when that has run out, and
// is not handed out then, though it is live; also if its rack stays silent, and if many
// racks are due.
func TestLeasesRunOut(t *testing.T) {
	for name, due := range map[string]int{"alone": 0, "among many": 30} {
		t.Run(name, func(t *testing.T) { testLeasesRunOut(t, due) })
	}
}

func testLeasesRunOut(t *testing.T, due int) {
	eachLeased(t, func(t *testing.T, f *leased) {
		f.announceTo(0, "r1", 1, tracker.EventStarted)
		for n := range due {
			f.announceTo(0, tracker.Location(fmt.Sprint("x", n)), 100+n, tracker.EventStarted)
		}
		for range 4 {
			f.Advance(200 * time.Second)
			f.announceTo(0, "r1", 1, tracker.EventNone)
			f.loseErrands()
		}
		f.Advance(30 * time.Second)
		outside := f.announceTo(0, "r2", 2, tracker.EventStarted)
		if outside.Represents == 0 || len(outside.Peers) != 0 {
			t.Errorf("%d peers, represents %d", len(outside.Peers), outside.Represents)
		}
		if outside.Incomplete < 2 {
			t.Errorf("%d live, but the host announced", outside.Incomplete)
		}
		f.expect("again", f.represents(0, "r1", 1), true)
	})
}

// A representative that announces in time, and whose effects are carried out, stays one for ever.
func TestLeasesAreRenewed(t *testing.T) {
	eachLeased(t, func(_ *testing.T, f *leased) {
		f.expect("at first", f.represents(0, "dc1/r1", 1, 2, 3), true, true, false)
		for range 20 {
			f.Advance(600 * time.Second)
			f.expect("later", f.represents(0, "dc1/r1", 3, 1, 2), false, true, true)
			f.doErrands()
		}
	})
}

// A lease of before a transfer's end takes no place after it was registered anew.
func TestLeasesOfAnEarlierRegistration(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		late := f.take(1)
		if err := f.frontend.Settle(context.Background(), late, storetest.Rules); err != nil {
			t.Fatal(err)
		}
		if err := f.frontend.Deactivate(context.Background(), storetest.Hash(0), false); err != nil {
			t.Fatal(err)
		}
		f.RegisterTransfer(t, 0)
		f.expect("others", f.represents(1, "r1", 2, 3), true, true)
		a := storetest.AnnounceOf(storetest.Hash(0), "r1", 1)
		a.ReprScope = tracker.ScopeRack
		done, err := f.frontend.AnnounceWith(context.Background(), a, late)
		if err != nil || done.Represents != 0 {
			t.Errorf("represents %d groups, %v", done.Represents, err)
		}
	})
}

// The lease of a host's IPv6 address, left over since it also has one of IPv4, ends.
func TestLeasesOfTheOtherFamilyEnd(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		a := storetest.AnnounceOf(storetest.Hash(0), "r1", 1)
		a.ReprScope = tracker.ScopeRack
		four := a.Addr
		a.Addr = storetest.SixOf(1)
		for _, also := range []netip.AddrPort{{}, four} {
			a.Also = also
			if handout, err := f.frontend.Announce(context.Background(), a); err != nil || handout.Represents == 0 {
				t.Fatalf("%+v, %v", handout, err)
			}
			f.loseErrands()
		}
		f.Advance(11 * time.Second)
		f.expect("another", f.represents(0, "r1", 2), true)
	})
}

// If MAX_REPR_RACK is lowered, who came first stays, in all transfers.
func TestLeasesAfterALoweredBound(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		f.expect("two", f.represents(0, "r1", 1), true)
		f.Advance(time.Second)
		f.expect("two", f.represents(1, "r1", 2), true)
		second := 1
		for range 20 {
			f.Advance(60 * time.Second)
			for n, host := range []int{1, 2} {
				a := storetest.AnnounceOf(storetest.Hash(byte(n)), "r1", host)
				a.ReprScope, a.MaxReprRack, a.Event = tracker.ScopeRack, 1, tracker.EventNone
				handout, err := f.frontend.Announce(context.Background(), a)
				if err != nil || host == 1 && handout.Represents == 0 {
					t.Fatalf("the first one represents %d groups, %v", handout.Represents, err)
				}
				second = handout.Represents
			}
			f.doErrands()
		}
		if second != 0 {
			t.Error("the second one is left")
		}
	})
}

// Hosts that fell silent in a transfer where nobody else announces do not keep others
// waiting longer than PEER_TTL.
func TestLeasesOfTheSilent(t *testing.T) {
	eachLeased(t, func(_ *testing.T, f *leased) {
		f.expect("one transfer", f.represents(0, "r1", 1, 2), true, true)
		f.Advance(storetest.Rules.PeerTTL + time.Second)
		f.expect("the other", f.represents(1, "r1", 3), true)
	})
}

// A lease that serves nothing, since the transfer ended meanwhile, ends as well.
func TestLeasesThatServeNothing(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		a := storetest.AnnounceOf(storetest.Hash(0), "r1", 1)
		a.ReprScope = tracker.ScopeRack
		done, err := f.frontend.AnnounceWith(context.Background(), a, swarm.Lease{})
		if err != nil || !done.Wants() {
			t.Fatalf("%+v, %v", done, err)
		}
		if err := f.frontend.Deactivate(context.Background(), storetest.Hash(0), false); err != nil {
			t.Fatal(err)
		}
		if err := f.frontend.AnnounceWithLeases(context.Background(), a, done); err != nil {
			t.Fatal(err)
		}
		f.doErrands()
		f.expect("others", f.represents(1, "r1", 2, 3), true, true)
	})
}

package swarm_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Under REPR_SCOPE=rack a push that is done in a rack does not starve the next one there.
//
// Transfer 0 is the older push. Host 90 has everything of every transfer, in rack outside, and hosts 1
// and 2 represent their rack in the older push. Hosts 11 and 12 belong to the newer one.

const outside = tracker.Location("dc2/row9/r9")

// pushes is what the tests of this file begin with.
type pushes struct {
	*leased
	rack   tracker.Location
	bound  int // MAX_REPR_RACK
	source bool
}

func eachPush(t *testing.T, test func(f *pushes)) {
	eachLeased(t, func(t *testing.T, f *leased) {
		for name, rack := range map[string]tracker.Location{"rack": "r1", "levels": "dc1/row1/r1"} {
			t.Run(name, func(t *testing.T) {
				for _, key := range append(f.Keys("*{*"), f.Keys("torrents")...) {
					f.Command("DEL", key)
				}
				g := *f
				g.t = t
				for n := range byte(2) {
					g.RegisterTransfer(t, n)
					g.Advance(time.Second)
				}
				test(&pushes{leased: &g, rack: rack, bound: 2, source: true})
			})
		}
	})
}

// beside is another rack, in the same groups.
func (f *pushes) beside(name string) tracker.Location {
	groups := f.rack.Groups()
	if len(groups) == 1 {
		return tracker.Location(name)
	}
	return tracker.Location(groups[1] + "/" + name)
}

// says lets a host announce what it lacks.
func (f *pushes) says(n int, rack tracker.Location, host int, left uint64, event tracker.Event) tracker.Handout {
	f.t.Helper()
	a := storetest.AnnounceOf(storetest.Hash(byte(n)), rack, host)
	a.Left, a.Event, a.ReprScope, a.MaxReprRack = left, event, tracker.ScopeRack, f.bound
	handout, err := f.frontend.Announce(context.Background(), a)
	if err != nil {
		f.t.Fatal(err)
	}
	f.doErrands()
	return handout
}

func (f *pushes) fetches(n, host int) tracker.Handout {
	f.t.Helper()
	return f.says(n, f.rack, host, storetest.Length, tracker.EventNone)
}

func (f *pushes) has(n, host int) tracker.Handout {
	f.t.Helper()
	return f.says(n, f.rack, host, 0, tracker.EventNone)
}

// deliver is a transfer from its start to the moment in which some hosts of the rack have everything.
func (f *pushes) deliver(n int, hosts ...int) {
	f.t.Helper()
	if f.source {
		f.says(n, outside, 90, 0, tracker.EventStarted)
	}
	for _, host := range hosts {
		f.says(n, f.rack, host, storetest.Length, tracker.EventStarted)
	}
	for _, host := range hosts {
		f.says(n, f.rack, host, 0, tracker.EventCompleted)
	}
}

// wantServed wants a host of the newer push to represent all its groups, and to be handed the source.
func (f *pushes) wantServed(what string, h tracker.Handout) {
	f.t.Helper()
	if h.Represents != len(f.rack.Groups()) {
		f.t.Fatalf("%s: it represents %d groups of %s", what, h.Represents, f.rack)
	}
	if source := storetest.AnnounceOf(storetest.Hash(1), outside, 90).Addr; !storetest.Addresses(h.Peers)[source] {
		f.t.Fatalf("%s: it is handed %v, and not %v", what, h.Peers, source)
	}
}

// holders are those of the hosts that represent the rack in a transfer.
func (f *pushes) holders(n int) []string {
	return f.SetMembers(keys.Of(storetest.Hash(byte(n))).RackRepresentatives(f.rack))
}

// The next push is served at once, keeps what it has, and gives it back when it is done itself.
func TestDonePushYields(t *testing.T) {
	eachPush(t, func(f *pushes) {
		f.deliver(0, 1, 2, 3, 4)
		f.Advance(11 * time.Second)
		f.says(1, outside, 90, 0, tracker.EventStarted)
		f.wantServed("the first host", f.says(1, f.rack, 11, storetest.Length, tracker.EventStarted))
		if got := f.holders(0); len(got) != 1 {
			f.t.Errorf("for one lease of the newer push the older one is left with %v", got)
		}
		f.Advance(11 * time.Second)
		f.has(0, 3) // looks at all leases, in vain
		if h := f.fetches(1, 12); h.Represents == 0 {
			f.t.Error("the second host has no place")
		}
		f.Advance(11 * time.Second)
		f.wantServed("later", f.fetches(1, 11))
		for host := 1; host <= 4; host++ {
			if h := f.has(0, host); h.Represents != 0 {
				f.t.Errorf("host %d of the older push represents %d groups again", host, h.Represents)
			}
		}

		for _, host := range []int{11, 12} {
			f.has(1, host)
			f.says(1, f.rack, host, 0, tracker.EventStopped)
		}
		f.Advance(61 * time.Second)
		if h := f.has(0, 3); h.Represents == 0 {
			f.t.Error("nobody else wants the lease, and host 3 does not get it")
		}
	})
}

// A place that is free goes to nobody whom no one needs, while the other transfer waits for it.
func TestYieldedLeaseIsKeptForWhoWaits(t *testing.T) {
	eachPush(t, func(f *pushes) {
		f.deliver(0, 1, 2)
		f.fetches(1, 11) // in vain: the leases have just been taken
		f.says(0, f.rack, 1, 0, tracker.EventStopped)
		if h := f.has(0, 3); h.Represents != 0 {
			f.t.Error("host 3 took the lease")
		}
		if h := f.fetches(1, 11); h.Represents == 0 {
			f.t.Error("host 11 did not get the lease")
		}
	})
}

// What the older push still has to do elsewhere.
func TestDonePushYieldsBesideStragglers(t *testing.T) {
	for name, straggler := range map[string]func(f *pushes) tracker.Location{
		"next rack":  func(f *pushes) tracker.Location { return f.beside("r5") },
		"other side": func(*pushes) tracker.Location { return "dc3/row1/r1" },
		"the source": func(*pushes) tracker.Location { return outside },
	} {
		t.Run(name, func(t *testing.T) {
			eachPush(t, func(f *pushes) {
				f.deliver(0, 1, 2)
				f.says(0, straggler(f), 50, 400, tracker.EventStarted)
				f.Advance(11 * time.Second)
				f.says(1, outside, 90, 0, tracker.EventStarted)
				f.wantServed("the newer push", f.fetches(1, 11))
			})
		})
	}
}

// Of two that bring everything to other racks one makes way; the only one does not.
func TestOnlySourceDoesNotYield(t *testing.T) {
	for bound, served := range map[int]bool{2: true, 1: false} {
		t.Run(fmt.Sprint("MAX_REPR_RACK=", bound), func(t *testing.T) {
			eachPush(t, func(f *pushes) {
				f.source, f.bound = false, bound
				f.deliver(0, 1, 2)
				f.says(0, "dc3/row1/r1", 50, 400, tracker.EventStarted)
				f.Advance(11 * time.Second)
				f.says(1, outside, 90, 0, tracker.EventStarted)
				h := f.fetches(1, 11)
				if served {
					f.wantServed("the newer push", h)
				} else if h.Represents != 0 {
					f.t.Error("the older push lost its only source")
				}
				f.Advance(11 * time.Second)
				f.fetches(1, 12)
				left := f.holders(0)
				if len(left) != 1 {
					f.t.Fatalf("the older push is left with %v", left)
				}
				late := f.says(0, "dc4/row1/r1", 60, storetest.Length, tracker.EventStarted)
				if !storetest.Addresses(late.Peers)[netip.MustParseAddrPort(left[0])] {
					f.t.Errorf("a rack that starts late is handed %v", late.Peers)
				}

				f.says(0, "dc3/row1/r1", 50, 0, tracker.EventCompleted)
				f.says(0, "dc4/row1/r1", 60, 0, tracker.EventCompleted)
				f.Advance(11 * time.Second)
				f.fetches(1, 12)
				if h := f.fetches(1, 12); h.Represents == 0 {
					f.t.Error("when all have everything, the older push still holds a lease")
				}
			})
		})
	}
}

// A source that yielded has a lease again as soon as a rack needs it, and nobody needs its lease.
func TestSourceComesBack(t *testing.T) {
	eachPush(t, func(f *pushes) {
		f.source, f.bound = false, 1
		f.deliver(0, 1)
		f.Advance(11 * time.Second)
		f.says(1, outside, 90, 0, tracker.EventStarted)
		f.wantServed("the newer push", f.fetches(1, 11))
		f.has(1, 11)
		f.says(0, "dc3/row1/r1", 50, storetest.Length, tracker.EventStarted)
		f.Advance(11 * time.Second)
		if h := f.has(0, 1); h.Represents != len(f.rack.Groups()) {
			f.t.Errorf("the older push needs its source, which represents %d groups", h.Represents)
		}
	})
}

// While somebody in the rack fetches, it keeps its lease; a partial seed fetches nothing.
func TestWhoIsNeededDoesNotYield(t *testing.T) {
	for event, yields := range map[tracker.Event]bool{tracker.EventNone: false, tracker.EventPaused: true} {
		t.Run(fmt.Sprintf("event %q", event), func(t *testing.T) {
			eachPush(t, func(f *pushes) {
				f.deliver(0, 1, 2)
				f.says(0, f.rack, 3, 400, event)
				f.Advance(11 * time.Second)
				if h := f.fetches(1, 11); h.Represents > 0 != yields {
					f.t.Errorf("the newer push represents %d groups", h.Represents)
				}
			})
		})
	}
}

// A partial seed that represents its rack yields, too.
func TestPartialSeedYields(t *testing.T) {
	eachPush(t, func(f *pushes) {
		for _, host := range []int{1, 2} {
			f.says(0, f.rack, host, 400, tracker.EventPaused)
		}
		f.Advance(11 * time.Second)
		if h := f.fetches(1, 11); h.Represents == 0 {
			f.t.Error("the newer push has no place")
		}
	})
}

// Many older pushes, with the same machines or with others, do not keep the newer one waiting; nor do
// their hosts that announce meanwhile, some of which belong to both.
func TestManyDonePushesYield(t *testing.T) {
	const olds = 12
	eachPush(t, func(f *pushes) {
		for n := range byte(olds) {
			if n > 0 {
				f.RegisterTransfer(f.t, 10+n)
				f.deliver(10+int(n), 1, 2)
			}
		}
		f.deliver(0, 1, 2, 3)
		f.Advance(11 * time.Second)
		f.says(1, outside, 90, 0, tracker.EventStarted)
		var served tracker.Handout
		for range 4 { // 44 s
			if served = f.fetches(1, 11); served.Represents > 0 {
				break
			}
			for n := 11; n < 10+olds; n++ {
				f.has(n, 1)
				f.has(n, 2)
			}
			f.Advance(11 * time.Second)
		}
		f.wantServed("the newer push", served)
		f.fetches(1, 1) // of both
		f.Advance(11 * time.Second)
		f.wantServed("beside a host of both", f.fetches(1, 11))
	})
}

// The first seeder of a newer push has a lease before anybody fetches, and no older push takes it back.
func TestFirstSeederOfANewerPush(t *testing.T) {
	eachPush(t, func(f *pushes) {
		f.deliver(0, 1, 2)
		f.Advance(11 * time.Second)
		for _, host := range []int{11, 12} {
			if h := f.says(1, f.rack, host, 0, tracker.EventStarted); h.Represents != len(f.rack.Groups()) {
				f.t.Fatalf("seeder %d of the newer push represents %d groups", host, h.Represents)
			}
			f.Advance(11 * time.Second)
		}
		for _, host := range []int{1, 2, 3} {
			if h := f.has(0, host); h.Represents != 0 {
				f.t.Errorf("seeder %d of the older push represents %d groups", host, h.Represents)
			}
		}
		first := f.says(1, "dc3/row1/r1", 50, storetest.Length, tracker.EventStarted)
		if !storetest.Addresses(first.Peers)[storetest.AnnounceOf(storetest.Hash(1), f.rack, 11).Addr] {
			f.t.Errorf("the first host that fetches is handed %v", first.Peers)
		}
	})
}

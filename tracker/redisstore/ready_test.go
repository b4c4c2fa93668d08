package redisstore_test

import (
	"context"
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// TestReadyListFollowsEveryChange looks at a rack with the eyes of two hosts that
// represent nothing, a leecher and a seeder, before and after each change: both
// are served from ready lists in between.
func TestReadyListFollowsEveryChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		host := func(n int) tracker.Announce { return storetest.AnnounceOf(hash, "dc1", n) }
		inner := storetest.AnnounceOf(hash, "dc1/r1", 20) // represents its rack in dc1, which is a rack, too
		seeder := host(5)
		seeder.Left = 0
		for n := 1; n <= 4; n++ {
			f.MustAnnounce(t, host(n))
		}
		f.MustAnnounce(t, seeder)

		live := map[netip.AddrPort]bool{}
		for n := 1; n <= 5; n++ {
			live[host(n).Addr] = n != 5 // true: a leecher
		}
		look := func(after string) {
			t.Helper()
			for range 2 { // the second time from the list that the first one made
				for _, observer := range []tracker.Announce{host(4), seeder} {
					observer.Event = tracker.EventNone
					want := map[netip.AddrPort]bool{}
					for addr, leecher := range live {
						if addr != observer.Addr && (leecher || observer.Left != 0) {
							want[addr] = true
						}
					}
					if got := storetest.Addresses(f.MustAnnounce(t, observer).Peers); !maps.Equal(got, want) {
						t.Fatalf("after %s: %v is handed %v, expected %v", after, observer.Addr, got, want)
					}
				}
			}
		}
		send := func(a tracker.Announce, event tracker.Event) {
			t.Helper()
			a.Event = event
			if _, err := f.Announce(context.Background(), a); err != nil {
				t.Fatal(err)
			}
			live[a.Addr] = a.Left != 0
			if event == tracker.EventStopped {
				delete(live, a.Addr)
			}
		}
		look("the start")
		send(host(6), tracker.EventStarted)
		look("a host that joins")
		send(host(6), tracker.EventStopped)
		look("a host that stops")
		done := host(3)
		done.Left = 0
		send(done, tracker.EventCompleted)
		look("a host that completes")
		send(inner, tracker.EventStarted)
		look("a rack below that gets a representative")
		send(inner, tracker.EventStopped)
		look("a rack below that loses it")

		moved := host(3)
		moved.Left, moved.Location = 0, "r9"
		send(moved, tracker.EventNone)
		delete(live, moved.Addr)
		look("a host that moves away")
		send(host(7), tracker.EventStarted)
		f.Advance(storetest.Rules.PeerTTL - time.Second)
		for _, n := range []int{1, 2, 4} {
			send(host(n), tracker.EventNone)
		}
		send(seeder, tracker.EventNone)
		f.Advance(time.Second)
		delete(live, host(7).Addr)
		look("a host that expires")
	})
}

package swarm_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Several transfers under REPR_SCOPE=rack, through several frontends at once: at no
// moment do more machines hold leases of a rack than may represent it, and in the end as
// many do.
func TestConcurrentTransfers(t *testing.T) {
	const hosts, rounds, frontends = 60, 10, 4
	f := storetest.New(t, storetest.Options(storetest.EmptyCluster(t)))
	stores := []*redisstore.Store{f.Store}
	for len(stores) < frontends {
		stores = append(stores, storetest.Open(t, f.Opts))
	}
	for n := range byte(leaseTransfers) {
		f.RegisterTransfer(t, n)
	}
	announce := func(n int, event tracker.Event) {
		a := leaseAnnounce(rand.IntN(leaseTransfers), n)
		a.Event = event
		if _, err := stores[rand.IntN(frontends)].Announce(context.Background(), a); err != nil {
			t.Error(err)
		}
	}
	var callers sync.WaitGroup
	for n := range hosts {
		callers.Go(func() {
			for range rounds {
				announce(n, []tracker.Event{tracker.EventNone, tracker.EventStarted, tracker.EventStopped}[rand.IntN(3)])
				for _, group := range leaseGroups() {
					if machines := holdersOf(f, t, group); len(machines) > storetest.Rules.MaxReprRack {
						t.Errorf("R8: %d machines hold leases of %s: %v", len(machines), group, machines)
					}
				}
			}
		})
	}
	callers.Wait()
	for range 3 { // what is left over is found when somebody wants it
		f.Advance(11 * time.Second)
		for n := range hosts {
			announce(n, tracker.EventNone)
		}
		for _, store := range stores {
			storetest.AwaitBackground(t, store)
		}
	}
	h := &leaseHistory{Fixture: f}
	for _, group := range leaseGroups() {
		if crossing := h.crossing(group, allTransfers...); len(crossing) != storetest.Rules.MaxReprRack {
			t.Errorf("R6, R8: %d machines represent %s: %v", len(crossing), group, crossing)
		}
	}
}

// holdersOf are those that hold leases of a group at one moment.
func holdersOf(f *storetest.Fixture, t *testing.T, group tracker.Location) map[netip.Addr]bool {
	t.Helper()
	leases, err := f.Command("HGETALL", keys.Leases(group)).AsStrMap()
	if err != nil {
		t.Fatal(err)
	}
	machines := map[netip.Addr]bool{}
	for field := range leases {
		if addr, _, isLease := strings.Cut(field, " "); isLease {
			machines[netip.MustParseAddrPort(addr).Addr()] = true
		}
	}
	return machines
}

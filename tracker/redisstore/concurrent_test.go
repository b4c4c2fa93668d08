package redisstore

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// TestConcurrentFrontends lets hundreds of hosts announce at once through several
// frontends. Whatever the order was: the bounds hold while it goes on, and in the
// end all that is stored agrees.
func TestConcurrentFrontends(t *testing.T) {
	const hosts, rounds, frontends = 300, 12, 4
	addr := redistest.Start(t).Addr
	f := newFixture(t, testOptions(addr))
	hash := f.registerTransfer(t, 1)
	stores := []*Store{f.Store}
	for len(stores) < frontends {
		stores = append(stores, openStore(t, f.opts))
	}
	racks := []tracker.Location{"dc1/row1/r1", "dc1/row1/r2", "dc1/row2/r1", "dc2/r1", "r9", "r10"}

	var callers sync.WaitGroup
	last := make([]tracker.Announce, hosts)
	for n := range hosts {
		callers.Go(func() {
			rack := racks[n%len(racks)]
			for range rounds {
				a := announceOf(hash, rack, n)
				a.Event = tracker.Event(rand.IntN(5))
				a.Left = uint64(rand.IntN(3) * 400)
				if rand.IntN(4) == 0 {
					a.Also = sixOf(n)
				}
				handout, err := stores[rand.IntN(frontends)].Announce(context.Background(), a)
				if err != nil {
					t.Error(err)
					return
				}
				for _, peer := range handout.Peers {
					other := hostNumber(peer)
					if other == n {
						t.Error("R4: a host was handed himself")
					}
					if to := racks[other%len(racks)]; handout.Represents == 0 && rack != to {
						t.Errorf("R2: a host of %s that represents nothing was handed one of %s", rack, to)
					}
				}
				for _, group := range rack.Groups() {
					if r := f.card(keys.Of(hash).RackRepresentatives(tracker.Location(group))); r > testRules.MaxReprRack {
						t.Errorf("R1: %d representatives of %s", r, group)
					}
				}
				last[n] = a
			}
		})
	}
	callers.Wait()
	checkAfterwards(t, f, hash, racks, last)
}

// hostNumber reads the number that announceOf put into an address.
func hostNumber(peer tracker.Peer) int {
	ip := peer.Addr4.Addr().As4()
	return int(ip[1])<<16 | int(ip[2])<<8 | int(ip[3])
}

func checkAfterwards(
	t *testing.T, f *fixture, hash tracker.InfoHash, racks []tracker.Location, last []tracker.Announce,
) {
	t.Helper()
	k := keys.Of(hash)
	var seeders, leechers []string
	progress := map[tracker.Location]tracker.Progress{}
	for _, a := range last {
		p := tracker.Progress{Hosts: 1, Left: a.Left}
		if a.Left == 0 {
			p.Done = 1
		}
		progress[a.Location] = progress[a.Location].Add(p)
		switch {
		case a.Event == tracker.EventStopped:
		case a.Left == 0:
			seeders = append(seeders, a.Addr.String())
		default:
			leechers = append(leechers, a.Addr.String())
		}
	}
	for key, want := range map[string][]string{k.Seeders(): seeders, k.Leechers(): leechers} {
		got := f.members(key)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("R9: %s has %d members, expected %d", key, len(got), len(want))
		}
	}
	stats, err := f.Statistics(context.Background(), hash, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, rack := range racks {
		if stats.Racks[rack].Progress != progress[rack] {
			t.Errorf("sums of %s are %+v, expected %+v", rack, stats.Racks[rack].Progress, progress[rack])
		}
		live := f.members(k.RackPeers(rack))
		representatives := f.members(k.RackRepresentatives(rack))
		for _, addr := range representatives {
			if !slices.Contains(live, addr) {
				t.Errorf("R1: %s represents %s and is not live", addr, rack)
			}
		}
	}
	if n := f.card(k.Peers()); n != len(last) || stats.Progress.Hosts != n {
		t.Errorf("R7: %d hosts seen, %d counted, expected %d", n, stats.Progress.Hosts, len(last))
	}
	if keys := f.keys(string(k) + ":peer:10.*"); len(keys) != len(last) {
		t.Errorf("%d records, expected %d", len(keys), len(last))
	}
}

// Several transfers under REPR_SCOPE=rack, through several frontends at once: at no
// moment do more machines hold leases of a rack than may represent it, and in the end as
// many do.
func TestConcurrentTransfers(t *testing.T) {
	const hosts, rounds, frontends = 60, 10, 4
	f := newFixture(t, testOptions(emptyCluster(t)))
	stores := []*Store{f.Store}
	for len(stores) < frontends {
		stores = append(stores, openStore(t, f.opts))
	}
	for n := range byte(leaseTransfers) {
		f.registerTransfer(t, n)
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
					if machines := f.leaseMachines(t, group); len(machines) > testRules.MaxReprRack {
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
			awaitBackground(t, store)
		}
	}
	h := &leaseHistory{fixture: f}
	for _, group := range leaseGroups() {
		if crossing := h.crossing(group, allTransfers...); len(crossing) != testRules.MaxReprRack {
			t.Errorf("R6, R8: %d machines represent %s: %v", len(crossing), group, crossing)
		}
	}
}

// leaseMachines are those that hold leases of a group at one moment.
func (f *fixture) leaseMachines(t *testing.T, group tracker.Location) map[netip.Addr]bool {
	t.Helper()
	leases, err := f.command("HGETALL", keys.Leases(group)).AsStrMap()
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

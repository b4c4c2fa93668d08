package redisstore_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// TestConcurrentFrontends lets hundreds of hosts announce at once through several
// frontends. Whatever the order was: the bounds hold while it goes on, and in the
// end all that is stored agrees.
func TestConcurrentFrontends(t *testing.T) {
	const hosts, rounds, frontends = 300, 12, 4
	addr := redistest.Start(t).Addr
	f := storetest.New(t, storetest.Options(addr))
	hash := f.RegisterTransfer(t, 1)
	stores := []*redisstore.Store{f.Store}
	for len(stores) < frontends {
		stores = append(stores, storetest.Open(t, f.Opts))
	}
	racks := []tracker.Location{"dc1/row1/r1", "dc1/row1/r2", "dc1/row2/r1", "dc2/r1", "r9", "r10"}

	var callers sync.WaitGroup
	last := make([]tracker.Announce, hosts)
	for n := range hosts {
		callers.Go(func() {
			rack := racks[n%len(racks)]
			for range rounds {
				a := storetest.AnnounceOf(hash, rack, n)
				a.Event = tracker.Event(rand.IntN(5))
				a.Left = uint64(rand.IntN(3) * 400)
				if rand.IntN(4) == 0 {
					a.Also = storetest.SixOf(n)
				}
				handout, err := stores[rand.IntN(frontends)].Announce(context.Background(), a)
				if err != nil {
					t.Error(err)
					return
				}
				for _, peer := range handout.Peers {
					other := storetest.HostNumber(peer)
					if other == n {
						t.Error("R4: a host was handed himself")
					}
					if to := racks[other%len(racks)]; handout.Represents == 0 && rack != to {
						t.Errorf("R2: a host of %s that represents nothing was handed one of %s", rack, to)
					}
				}
				for _, group := range rack.Groups() {
					if r := f.Card(keys.Of(hash).RackRepresentatives(tracker.Location(group))); r > storetest.Rules.MaxReprRack {
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

func checkAfterwards(
	t *testing.T, f *storetest.Fixture, hash tracker.InfoHash, racks []tracker.Location, last []tracker.Announce,
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
		got := f.SetMembers(key)
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
		live := f.SetMembers(k.RackPeers(rack))
		representatives := f.SetMembers(k.RackRepresentatives(rack))
		for _, addr := range representatives {
			if !slices.Contains(live, addr) {
				t.Errorf("R1: %s represents %s and is not live", addr, rack)
			}
		}
	}
	if n := f.Card(k.Peers()); n != len(last) || stats.Progress.Hosts != n {
		t.Errorf("R7: %d hosts seen, %d counted, expected %d", n, stats.Progress.Hosts, len(last))
	}
	if keys := f.Keys(string(k) + ":peer:10.*"); len(keys) != len(last) {
		t.Errorf("%d records, expected %d", len(keys), len(last))
	}
}

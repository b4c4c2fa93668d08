package redisstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Names of which much may not stand in a key: each is one rack of its own, whatever becomes
// of its hosts.
func TestNamesOfRacks(t *testing.T) {
	const slashed = "dc1/A%2F12"
	racks := []tracker.Location{"K%C3%A4fig-3", "DC1%3AR17", "FA%2012", slashed, "%7Br1%7D", "%25d%25S", "r1"}
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		announce := func(rack tracker.Location, n int, event tracker.Event) tracker.Handout {
			a := storetest.AnnounceOf(hash, rack, n)
			a.Event, a.ReprScope = event, tracker.ScopeRack
			return f.MustAnnounce(t, a)
		}
		for n := range 3 * len(racks) {
			announce(racks[n%len(racks)], n, tracker.EventStarted)
			announce(racks[n%len(racks)], n, tracker.EventNone)
		}
		storetest.AwaitBackground(t, f.Store)
		if got := f.SetMembers(keys.Of(hash).Racks()); !equalSets(got, racks) {
			t.Errorf("racks of the transfer: %q", got)
		}
		storetest.Await(t, "all racks are noted", func() bool { return equalSets(f.SetMembers(keys.Racks), racks) })
		stats, err := f.Statistics(context.Background(), hash, true)
		if err != nil || len(stats.Racks) != len(racks) {
			t.Errorf("statistics of %v, %v", stats.Racks, err)
		}
		for _, rack := range racks {
			if r := stats.Racks[rack]; r.Peers != 3 || r.Representatives != 2 {
				t.Errorf("%s: %+v", rack, r)
			}
			if n, err := f.Command("HLEN", "leases:{"+string(rack)+"}").AsInt64(); err != nil || n != 3 { // and `last`
				t.Errorf("%s has %d leases, %v", rack, n, err)
			}
		}
		if got := f.SetMembers(keys.Of(hash).Key("rack:dc1:R")); len(got) != 2 {
			t.Errorf("dc1 has the representatives %q", got)
		}

		// One leaves, one moves, one dies.
		announce(racks[0], 0, tracker.EventStopped)
		announce("DC1%3AR18", 1, tracker.EventNone)
		f.Advance(storetest.Rules.PeerTTL + time.Second)
		announce(slashed, 3, tracker.EventNone) // of 20 who are due, one announce drops 16
		if peers := announce(slashed, 3, tracker.EventNone).Peers; len(peers) != 0 {
			t.Errorf("the last host is handed %v", peers)
		}
		storetest.AwaitBackground(t, f.Store)
		for _, rack := range racks {
			if n := f.Card(keys.Of(hash).RackPeers(rack)); n != 0 && rack != slashed {
				t.Errorf("%s has %d live hosts", rack, n)
			}
		}
		if err := f.Deactivate(context.Background(), hash, false); err != nil {
			t.Fatal(err)
		}
		for _, key := range f.Keys("{*") {
			if strings.Contains(key, ":rack:") {
				t.Errorf("%s is not archived", key)
			}
		}
	})
}

func equalSets(got []string, want []tracker.Location) bool {
	texts := make([]string, len(want))
	for i, location := range want {
		texts[i] = string(location)
	}
	return slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(texts)))
}

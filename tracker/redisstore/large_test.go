package redisstore_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// What the histories are too small for: handouts by windows, and more hosts that
// are due than one call may expire.

// checkPeers holds a reply of so many peers: nobody twice, nobody who may not be
// there. It returns how many are of the given rack.
func checkPeers(t *testing.T, a tracker.Announce, peers []tracker.Peer, size int, rackOf func(n int) tracker.Location) (ofRack int) {
	t.Helper()
	seen := map[netip.AddrPort]bool{a.Addr: true}
	for _, peer := range peers {
		if seen[peer.Addr4] {
			t.Fatalf("%v is handed itself, or somebody twice: %v", a.Addr, peer)
		}
		seen[peer.Addr4] = true
		if rackOf(storetest.HostNumber(peer)) == a.Location {
			ofRack++
		}
	}
	if len(peers) != size {
		t.Fatalf("%d peers, expected %d", len(peers), size)
	}
	return ofRack
}

// TestLargeRack: in one rack of 400 every host is about as often handed out as
// any other, and all are from the rack.
func TestLargeRack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const hosts, rounds = 400, 4
		hash := f.RegisterTransfer(t, 1)
		everywhere := func(int) tracker.Location { return "r1" }
		of := func(n int) tracker.Announce {
			a := storetest.AnnounceOf(hash, "r1", n)
			if n%4 == 0 {
				a.Left = 0
			}
			return a
		}
		storetest.InParallel(hosts, func(n int) { f.MustAnnounce(t, of(n)) })
		times := map[int]int{}
		for n := range rounds * hosts {
			if n%hosts%4 == 0 {
				continue // seeders see leechers only
			}
			a := of(n % hosts)
			handout := f.MustAnnounce(t, a)
			if ofRack := checkPeers(t, a, handout.Peers, storetest.Rules.MaxPeers, everywhere); handout.Represents == 0 && ofRack != 30 {
				t.Fatalf("%d of 30 are of the rack", ofRack)
			}
			for _, peer := range handout.Peers[storetest.Rules.MaxReprRack:] {
				times[storetest.HostNumber(peer)]++
			}
		}
		representatives := f.SetMembers(keys.Of(hash).RackRepresentatives("r1")) // came first each time
		mean := rounds * hosts * 3 / 4 * 28 / hosts
		for n := range hosts {
			if count := times[n]; (count < mean/4 || count > 4*mean) &&
				!slices.Contains(representatives, of(n).Addr.String()) {
				t.Errorf("host %d was handed out %d times, the mean is %d", n, count, mean)
			}
		}
	})
}

// TestManyRacks: a representative of one of 150 racks sees its small rack, and enough
// from outside (twice the logarithm of 300), other representatives only.
func TestManyRacks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const racks, each = 150, 3
		hash := f.RegisterTransfer(t, 1)
		rackOf := func(n int) tracker.Location { return tracker.Location(fmt.Sprintf("r%d", n/each)) }
		for n := range racks * each {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, rackOf(n), n))
		}
		outside := map[int]bool{}
		for n := 0; n < racks*each; n += each {
			a := storetest.AnnounceOf(hash, rackOf(n), n)
			handout := f.MustAnnounce(t, a)
			if ofRack := checkPeers(t, a, handout.Peers, each-1+12, rackOf); ofRack != each-1 {
				t.Fatalf("%d of the own rack, expected %d", ofRack, each-1)
			}
			for _, peer := range handout.Peers {
				other := storetest.HostNumber(peer)
				if rackOf(other) == a.Location {
					continue
				}
				if other%each >= storetest.Rules.MaxReprRack {
					t.Fatalf("R1: host %d, which represents nothing, was handed to another rack", other)
				}
				outside[other] = true
			}
		}
		if len(outside) < racks*storetest.Rules.MaxReprRack*9/10 {
			t.Errorf("only %d hosts were ever handed out", len(outside))
		}
	})
}

// TestFarGroups: a representative of its rack and its row is handed peers of the row, and leaves a third to other rows.
func TestFarGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		of := func(row, rack int) tracker.Announce {
			return storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("row%d/r%d", row, rack)), 100*row+rack)
		}
		for n := range 30 {
			f.MustAnnounce(t, of(0, n))
			f.MustAnnounce(t, of(n+1, 0))
		}
		a := of(0, 0)
		for want, near := range map[int]int{12: 8, 30: 10} {
			a.NumWant = want
			handed := [2]int{}
			for _, peer := range f.MustAnnounce(t, a).Peers {
				handed[min(storetest.HostNumber(peer)/100, 1)]++
			}
			if handed != [2]int{near, min(want-near, 10)} {
				t.Errorf("of %d wanted %d are of the row, %d of other rows", want, handed[0], handed[1])
			}
		}
	})
}

// TestFewSeeders: a representative of one of 50 racks is handed the one seeder sometimes, whatever else there is.
func TestFewSeeders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		of := func(n int) tracker.Announce {
			a := storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("r%d", n)), n)
			a.Left = uint64(n) // the first has everything
			return a
		}
		seen := 0
		for n := range 51 {
			f.MustAnnounce(t, of(n))
		}
		for range 200 {
			peers := f.MustAnnounce(t, of(50)).Peers
			if slices.ContainsFunc(peers, func(p tracker.Peer) bool { return storetest.HostNumber(p) == 0 }) {
				seen++
			}
		}
		if seen < 10 {
			t.Errorf("the seeder was handed out %d times in 200 announces", seen)
		}
	})
}

// TestManyExpireAtOnce: nobody announced for long; now one host does. It takes
// its rack's place at once and is handed none of the dead, and the announces that
// follow clear them away.
func TestManyExpireAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const hosts, racks = 400, 8
		hash := f.RegisterTransfer(t, 1)
		of := func(n int) tracker.Announce {
			return storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("dc%d/r%d", n%2, n%racks)), n)
		}
		storetest.InParallel(hosts, func(n int) { f.MustAnnounce(t, of(n)) })
		f.Advance(storetest.Rules.PeerTTL)
		alive := map[int]bool{}
		for step := range 60 {
			n := hosts + step
			handout := f.MustAnnounce(t, of(n))
			for _, peer := range handout.Peers {
				if !alive[storetest.HostNumber(peer)] {
					t.Fatalf("R4: a host that expired was handed out at announce %d: %v", step, peer)
				}
			}
			if step < racks && handout.Represents < 1 {
				t.Fatal("R6: the first live host of its rack does not represent it")
			}
			if step < 2*storetest.Rules.MaxReprRack && handout.Represents != 2 {
				t.Fatal("R6: the first live representatives of a group of racks do not represent that")
			}
			if step >= racks && len(handout.Peers) == 0 {
				t.Fatalf("starved at announce %d", step)
			}
			alive[n] = true
			f.Advance(time.Second)
		}
		stats := f.MustAnnounce(t, of(hosts))
		if stats.Incomplete != len(alive) {
			t.Errorf("R9: %d live leechers, expected %d", stats.Incomplete, len(alive))
		}
		for n := range racks {
			rack := of(n).Location
			for _, group := range rack.Groups() {
				if r := f.Card(keys.Of(hash).RackRepresentatives(tracker.Location(group))); r > storetest.Rules.MaxReprRack {
					t.Errorf("R1: %d representatives of %s", r, group)
				}
			}
		}
		if n := f.Card(keys.Of(hash).Peers()); n != hosts+len(alive) {
			t.Errorf("%d hosts seen, expected %d", n, hosts+len(alive))
		}
	})
}

// TestManyIdentities: each of 2,000 hosts is found by peer id and key at its address of the other family,
// while the index of them grows part by part.
func TestManyIdentities(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const hosts = 2000
		hash := f.RegisterTransfer(t, 1)
		of := func(n int) tracker.Announce {
			return storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("r%d", n%50)), n)
		}
		storetest.InParallel(hosts, func(n int) {
			a := of(n)
			a.Addr = storetest.SixOf(n)
			f.MustAnnounce(t, a)
		})
		storetest.InParallel(hosts, func(n int) { f.MustAnnounce(t, of(n)) })
		found := identities(f, hash)
		if n := f.Card(keys.Of(hash).Peers()); n != hosts || len(found) != hosts {
			t.Fatalf("%d hosts and %d identities, expected %d", n, len(found), hosts)
		}
		for digest, addr := range found {
			if !strings.HasPrefix(addr, "10.") {
				t.Fatalf("%s is still at %s", digest, addr)
			}
		}
		if parts, _ := f.Command("GET", keys.Of(hash).Hosts()).AsInt64(); parts != hosts/40 {
			t.Errorf("%d parts for %d hosts", parts, hosts)
		}
	})
}

package redisstore_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

func TestAnnounceKeepsTheRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "dc1/r1", 1)
		a.Uploaded, a.Downloaded, a.Left = 1, 2, 900
		f.MustAnnounce(t, a)
		want := map[string]string{
			"compact": "True", "port": "6881", "peer_id": string(a.PeerID[:]), "key": "k",
			"last_event": "started", "event:started": "2027-01-15T08:00:00Z", "seeder": "False",
			"downloaded": "2", "left": "900", "uploaded": "1", "rack": "dc1/r1", "hostname": "host1",
			"last_seen": "1800000000", "pages": "1 1 1", "stamp": "2 2 0 1 1",
		}
		if got := f.Record(hash, a.Addr); !maps.Equal(got, want) {
			t.Errorf("record:\n got %q\nwant %q", got, want)
		}
		for _, key := range []string{"peers:N", "peers:R", "peers:L", "rack:dc1/r1:N", "rack:dc1/r1:R", "rack:dc1:R"} {
			if got := f.SetMembers(keys.Of(hash).Key(key)); !slices.Equal(got, []string{"10.0.0.1:6881"}) {
				t.Errorf("%s = %q", key, got)
			}
		}
	})
}

func TestAnnounceTwoTiers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		var last tracker.Handout
		for n := 1; n <= 3; n++ {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", n))
			last = f.MustAnnounce(t, storetest.AnnounceOf(hash, "r2", 10+n))
		}
		if last.Represents != 0 || len(last.Peers) != 2 {
			t.Errorf("third host of r2: represents %d, handed %v", last.Represents, last.Peers)
		}
		representative := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1))
		got := storetest.Addresses(representative.Peers)
		want := map[netip.AddrPort]bool{}
		for _, n := range []int{2, 3, 11, 12} {
			want[storetest.AnnounceOf(hash, "", n).Addr] = true
		}
		if representative.Represents != 1 || !maps.Equal(got, want) {
			t.Errorf("representative of r1: represents %d, handed %v", representative.Represents, got)
		}
		if first := representative.Peers[0].Addr4; first != storetest.AnnounceOf(hash, "", 2).Addr {
			t.Errorf("first peer is %v, expected the fellow representative", first)
		}
	})
}

func TestAnnounceReplacesARepresentative(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		for n := 1; n <= 3; n++ {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", n))
		}
		stop := storetest.AnnounceOf(hash, "r1", 1)
		stop.Event = tracker.EventStopped
		if h := f.MustAnnounce(t, stop); len(h.Peers) != 0 || h.Incomplete != 2 {
			t.Errorf("stopped: %+v", h)
		}
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 3)); h.Represents != 1 {
			t.Error("the free place was not taken after a stop")
		}
		f.Advance(600 * time.Second)
		f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 3))
		f.Advance(60 * time.Second)
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 4)); h.Represents != 1 || h.Incomplete != 2 {
			t.Errorf("the free place was not taken after an expiry: %+v", h)
		}
		if got := f.Record(hash, storetest.AnnounceOf(hash, "", 2).Addr)["state"]; got != "gone" {
			t.Errorf("state of the expired host is %q", got)
		}
		if n := f.Card(keys.Of(hash).Peers()); n != 4 {
			t.Errorf("%d hosts seen, expected 4", n)
		}
	})
}

func TestAnnounceCountsACompletionOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		f.MustAnnounce(t, a)
		a.Left, a.Event = 0, tracker.EventCompleted
		f.MustAnnounce(t, a)
		if h := f.MustAnnounce(t, a); h.Downloaded != 1 || h.Complete != 1 || h.Incomplete != 0 {
			t.Errorf("told twice: %+v", h)
		}
		// Without the event: left says it.
		b := storetest.AnnounceOf(hash, "r1", 2)
		f.MustAnnounce(t, b)
		b.Left, b.Event = 0, tracker.EventNone
		if h := f.MustAnnounce(t, b); h.Downloaded != 2 {
			t.Errorf("told by left alone: %+v", h)
		}
		// A first seeder did not complete here, and left says more than the event.
		c := storetest.AnnounceOf(hash, "r1", 3)
		c.Left = 0
		f.MustAnnounce(t, c)
		d := storetest.AnnounceOf(hash, "r1", 4)
		d.Event = tracker.EventCompleted
		if h := f.MustAnnounce(t, d); h.Downloaded != 2 || h.Complete != 3 || h.Incomplete != 1 {
			t.Errorf("seeder and liar: %+v", h)
		}
	})
}

func TestAnnounceTwoFamiliesAreOneHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		six := netip.MustParseAddrPort("[2001:db8::1]:6881")
		a := storetest.AnnounceOf(hash, "r1", 1)
		f.MustAnnounce(t, a)
		a.Addr, a.Location = six, "r9"
		if h := f.MustAnnounce(t, a); h.Incomplete != 1 || h.Represents != 1 {
			t.Errorf("second family: %+v", h)
		}
		h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 2))
		want := tracker.Peer{Addr4: storetest.AnnounceOf(hash, "", 1).Addr, Addr6: six}
		if !slices.Equal(h.Peers, []tracker.Peer{want}) {
			t.Errorf("handed %v, expected one host with both addresses", h.Peers)
		}
		// Told in one announce (BEP 7).
		b := storetest.AnnounceOf(hash, "r1", 3)
		b.Also = netip.MustParseAddrPort("[2001:db8::3]:6881")
		f.MustAnnounce(t, b)
		h = f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 2))
		if got := storetest.Addresses(h.Peers); len(h.Peers) != 2 || !got[b.Also] || !got[b.Addr] {
			t.Errorf("handed %v", h.Peers)
		}
	})
}

func TestAnnounceAnAddressBelongsToOneHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		f.MustAnnounce(t, a)
		restarted := a
		restarted.PeerID[19] = 'x'
		if h := f.MustAnnounce(t, restarted); h.Incomplete != 1 || len(h.Peers) != 0 {
			t.Errorf("restarted client: %+v", h)
		}
		if n := f.Card(keys.Of(hash).Peers()); n != 1 {
			t.Errorf("%d hosts seen, expected 1", n)
		}
		// A client that changed its port is another host; the one that it was counts until it is gone.
		f.Advance(time.Second)
		moved := restarted
		moved.Addr = netip.AddrPortFrom(a.Addr.Addr(), 7000)
		if h := f.MustAnnounce(t, moved); h.Incomplete != 2 || h.Represents != 1 {
			t.Errorf("another port: %+v", h)
		}
		f.Advance(storetest.Rules.PeerTTL - time.Second)
		if h := f.MustAnnounce(t, moved); h.Incomplete != 1 {
			t.Errorf("the first port is silent: %+v", h)
		}
		if n := f.Card(keys.Of(hash).Peers()); n != 1 {
			t.Errorf("%d hosts seen, expected 1", n)
		}
	})
}

// Hosts of one image, or started with a fixed id, share peer id and key: each counts, and they
// are handed each other.
func TestClones(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const clones = 10
		hash := f.RegisterTransfer(t, 1)
		clone := func(n int) tracker.Announce {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.PeerID = storetest.AnnounceOf(hash, "r1", 0).PeerID
			return a
		}
		for n := range clones {
			h := f.MustAnnounce(t, clone(n))
			if h.Incomplete != n+1 || len(h.Peers) != n || h.Represents == 1 != (n < 2) {
				t.Errorf("clone %d: %+v", n, h)
			}
		}
		// Nobody knows whose an IPv6 address is, unless its announce says so.
		for n := range clones {
			a := clone(n)
			a.Addr, a.Location = storetest.SixOf(n), "r6"
			if h := f.MustAnnounce(t, a); h.Incomplete != clones+n+1 {
				t.Errorf("clone %d by IPv6: %+v", n, h)
			}
		}
		for n := range clones {
			a := clone(n)
			a.Also = storetest.SixOf(n)
			if h := f.MustAnnounce(t, a); h.Incomplete != 2*clones-n-1 {
				t.Errorf("clone %d by both: %+v", n, h)
			}
			if also := f.Record(hash, a.Addr)["also"]; also != storetest.SixOf(n).String() {
				t.Errorf("clone %d is also at %q", n, also)
			}
		}
		stop := clone(3)
		stop.Event, stop.Addr = tracker.EventStopped, netip.AddrPortFrom(stop.Addr.Addr(), 0)
		if h := f.MustAnnounce(t, stop); h.Incomplete != clones-1 || f.Record(hash, clone(3).Addr)["state"] != "gone" {
			t.Errorf("one stops: %+v", h)
		}
	})
}

// The first clone has an IPv6 address that may be another one's, which shows as soon as that one
// announces by IPv4, too.
func TestCloneTakesNoAddressOfAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		first, second := storetest.AnnounceOf(hash, "r1", 1), storetest.AnnounceOf(hash, "r1", 2)
		second.PeerID = first.PeerID
		six := second
		six.Addr = storetest.SixOf(2)
		f.MustAnnounce(t, first)
		if h := f.MustAnnounce(t, six); h.Incomplete != 1 {
			t.Errorf("by the other family: %+v", h)
		}
		f.MustAnnounce(t, second)
		if h := f.MustAnnounce(t, six); h.Incomplete != 3 {
			t.Errorf("by the other family again: %+v", h)
		}
		h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 3))
		for _, peer := range h.Peers {
			if peer.Addr4.IsValid() && peer.Addr6.IsValid() {
				t.Errorf("handed %v", peer)
			}
		}
		// The index does not know who is left when the last two are forgotten: it joins nobody.
		for _, a := range []tracker.Announce{second, six} {
			if _, err := f.Drop(context.Background(), hash, a.Addr); err != nil {
				t.Fatal(err)
			}
		}
		six.Addr = storetest.SixOf(1)
		f.MustAnnounce(t, six)
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 3)); h.Incomplete != 3 {
			t.Errorf("who has it is not known: %+v", h)
		}
	})
}

func TestAnnounceHostMoves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1))
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r2", 1)); h.Represents != 1 || h.Incomplete != 1 {
			t.Errorf("moved: %+v", h)
		}
		stats, err := f.Statistics(context.Background(), hash, true)
		if err != nil {
			t.Fatal(err)
		}
		if r1, r2 := stats.Racks["r1"], stats.Racks["r2"]; r1.Peers+r1.Representatives+r1.Progress.Hosts != 0 ||
			r2.Peers != 1 || r2.Representatives != 1 || r2.Progress.Hosts != 1 {
			t.Errorf("r1 %+v, r2 %+v", r1, r2)
		}
	})
}

func TestAnnounceHandsOutPeerIDsWhenAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		first := storetest.AnnounceOf(hash, "r1", 1)
		first.PeerID = tracker.PeerID([]byte("\x00\xff\n -binary peer id!!"))
		f.MustAnnounce(t, first)
		second := storetest.AnnounceOf(hash, "r1", 2)
		second.Compact = false
		if h := f.MustAnnounce(t, second); len(h.Peers) != 1 || h.Peers[0].ID != first.PeerID {
			t.Errorf("handed %v", h.Peers)
		}
	})
}

func TestAnnounceInactiveTransferLeavesNothingOfIts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		a := storetest.AnnounceOf(storetest.Hash(7), "r1", 1)
		if h := f.MustAnnounce(t, a); h.Active || len(h.Peers) != 0 {
			t.Errorf("unknown transfer: %+v", h)
		}
		if keys := f.Keys("{*"); len(keys) != 0 {
			t.Errorf("left behind: %q", keys)
		}
	})
}

func TestAutoRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		a := storetest.AnnounceOf(storetest.Hash(7), "r1", 1)
		a.AutoRegister = true
		a.Left = 400
		f.MustAnnounce(t, a)
		b := storetest.AnnounceOf(storetest.Hash(7), "r1", 2)
		b.AutoRegister = true
		if h := f.MustAnnounce(t, b); !h.Active || len(h.Peers) != 1 {
			t.Errorf("second host: %+v", h)
		}
		stats, err := f.Statistics(ctx, storetest.Hash(7), false)
		if err != nil || stats.Length != storetest.Length {
			t.Errorf("length %d (%v), expected the most that a host lacked", stats.Length, err)
		}
		storetest.Await(t, "the transfer is listed", func() bool {
			transfers, err := f.Transfers(ctx)
			_, listed := transfers[storetest.Hash(7)]
			return err == nil && listed
		})
		// An operator's word holds against clients that go on.
		if err := f.Deactivate(ctx, storetest.Hash(7), false); err != nil {
			t.Fatal(err)
		}
		if h := f.MustAnnounce(t, a); h.Active {
			t.Error("a deactivated transfer registered itself again")
		}
	})
}

func TestLoweredBoundIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		for n := 1; n <= 3; n++ {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.MaxReprRack = 3
			f.MustAnnounce(t, a)
		}
		for n := 1; n <= 3; n++ {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", n))
		}
		if n := f.Card(keys.Of(hash).RackRepresentatives("r1")); n != 2 {
			t.Errorf("%d representatives, expected 2", n)
		}
	})
}

package swarm_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// TestAgain: what the short script does by itself, and what it leaves, writing nothing, to
// announce.lua.
func TestAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		of := func(n int) tracker.Announce {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.Rules = probeRules
			return a
		}
		for n := range 6 { // 0 and 1 represent r1, and know it the second time
			f.MustAnnounce(t, of(n%4))
		}
		expect := func(what string, a tracker.Announce, want bool) {
			t.Helper()
			a.Event = tracker.EventNone
			before := f.Record(hash, of(3).Addr)["last_seen"]
			_, recorded, err := f.Again(context.Background(), a)
			if err != nil || recorded != want {
				t.Errorf("%s: recorded %v, %v", what, recorded, err)
			}
			if after := f.Record(hash, of(3).Addr)["last_seen"]; !want && after != before {
				t.Errorf("%s: last seen at %s, not %s as before", what, after, before)
			}
			f.Advance(time.Second)
		}
		again, nobody, moved, restarted, done, second, raised, more := of(3), of(9), of(3), of(3), of(3), of(3), of(3), of(3)
		moved.Location = "r2"
		restarted.PeerID[19]++
		done.Left = 0
		second.Also = storetest.SixOf(3)
		raised.MaxReprRack++
		more.Left++ // as of a magnet link that has the payload's length now
		f.Advance(time.Second)
		expect("the same host", again, true)
		expect("a representative", of(0), true)
		expect("an unknown host", nobody, false)
		expect("another rack", moved, false)
		expect("another peer id", restarted, false)
		expect("nothing left", done, false)
		expect("another address", second, false)
		expect("more left", more, false)
		expect("a place is free", raised, false)
		f.Advance(storetest.Rules.PeerTTL)
		expect("somebody is due", again, false)
	})
}

// TestClonesTakeAStamp: a host whose second address goes by the announce of its clone is alone in its rack.
// It has lost its place, and takes it again with its next announce.
func TestClonesTakeAStamp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		host := storetest.AnnounceOf(hash, "r1", 1)
		host.Also = storetest.SixOf(1)
		f.MustAnnounce(t, host)
		f.Advance(time.Second)
		clone := storetest.AnnounceOf(hash, "r2", 2)
		clone.PeerID = host.PeerID
		f.MustAnnounce(t, clone)
		host.Event, host.Also = tracker.EventNone, netip.AddrPort{}
		f.MustAnnounce(t, host)
		if got := f.SetMembers(keys.Of(hash).RackRepresentatives("r1")); len(got) != 1 {
			t.Errorf("r1 has the representatives %v", got)
		}
	})
}

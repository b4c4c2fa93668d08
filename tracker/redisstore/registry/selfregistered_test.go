package registry_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// selfRegistering is an announce of an info hash that nobody registered, of which two may register themselves.
func selfRegistering(n byte) tracker.Announce {
	a := storetest.AnnounceOf(storetest.Hash(n), "r1", int(n))
	a.AutoRegister, a.AutoRegisterMax = true, 2
	return a
}

func TestSelfRegisteredAreBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		other := storetest.Open(t, f.Opts)
		expect := func(what string, a tracker.Announce, active bool) {
			t.Helper()
			if h, err := other.Announce(context.Background(), a); err != nil || h.Active != active {
				t.Errorf("%s: active %v, %v", what, h.Active, err)
			}
		}
		hash := f.RegisterTransfer(t, 9)
		stop := selfRegistering(0)
		stop.Event = tracker.EventStopped
		expect("a stop", stop, false)
		f.MustAnnounce(t, selfRegistering(1))
		f.MustAnnounce(t, selfRegistering(2))
		expect("a third", selfRegistering(3), false)
		expect("one of the two", selfRegistering(1), true)
		f.Advance(300 * time.Second)
		expect("a third, for some time", selfRegistering(3), false)
		expect("one that is used", selfRegistering(1), true)
		f.Advance(storetest.Rules.PeerTTL - 300*time.Second)
		expect("a third instead of one that nobody uses", selfRegistering(3), true)
		expect("one more", selfRegistering(4), false)
		expect("one that is used", selfRegistering(1), true)
		// One that everybody left is used until PEER_TTL later.
		f.Advance(storetest.Rules.PeerTTL - time.Second)
		left := selfRegistering(1)
		left.Event = tracker.EventStopped
		f.MustAnnounce(t, left)
		f.MustAnnounce(t, selfRegistering(3))
		f.Advance(storetest.Rules.PeerTTL - time.Second)
		f.MustAnnounce(t, selfRegistering(3))
		expect("one more", selfRegistering(4), false)
		f.Advance(time.Second)
		expect("one more, instead of the one that was left", selfRegistering(4), true)

		// What went is gone altogether, what was registered stays.
		f.Advance(2 * storetest.Rules.PeerTTL)
		expect("another one", selfRegistering(5), true)
		if f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)).Active != true {
			t.Error("the registered one is gone")
		}
		for _, n := range []byte{0, 2} {
			storetest.Await(t, "all keys are gone", func() bool {
				return len(f.Keys("*"+string(keys.Of(storetest.Hash(n)))+"*")) == 0
			})
			if slices.Contains(f.SetMembers(keys.Transfers), storetest.Hash(n).String()) && n == 2 {
				t.Error("it is still listed")
			}
		}
		if n, _ := f.Command("ZCARD", keys.SelfRegistered).AsInt64(); n > 2 {
			t.Errorf("%d are kept", n)
		}
	})
}

// An operator's upload makes room: the transfer is none that registered itself any more.
func TestUploadedIsNotSelfRegistered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		f.MustAnnounce(t, selfRegistering(1))
		f.MustAnnounce(t, selfRegistering(2))
		f.RegisterTransfer(t, 1)
		if h := f.MustAnnounce(t, selfRegistering(3)); !h.Active {
			t.Error("there is no room")
		}
		f.Advance(2 * storetest.Rules.PeerTTL)
		f.MustAnnounce(t, selfRegistering(4))
		f.MustAnnounce(t, selfRegistering(5))
		if _, err := f.Statistics(context.Background(), storetest.Hash(1), false); err != nil {
			t.Errorf("the uploaded one: %v", err)
		}
	})
}

// While one announce makes room, no other waits for it: else strangers would take all turns.
func TestNobodyWaitsForRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		for n := range byte(2) {
			f.MustAnnounce(t, selfRegistering(3+n))
		}
		f.Advance(2 * storetest.Rules.PeerTTL)
		defer f.Evict()()
		if _, err := f.Announce(context.Background(), selfRegistering(5)); !errors.Is(err, tracker.ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
}

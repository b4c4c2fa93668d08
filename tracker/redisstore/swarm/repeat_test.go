package swarm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// repeated is an announce that is to be repeated with a lease, which was taken.
type repeated struct {
	*leased
	tracker.Announce
	done  swarm.Call
	lease swarm.Lease
}

func (f *leased) beginLease(rack tracker.Location) *repeated {
	f.t.Helper()
	a := storetest.AnnounceOf(storetest.Hash(0), rack, 1)
	a.ReprScope = tracker.ScopeRack
	done, err := f.frontend.AnnounceWith(context.Background(), a, swarm.Lease{})
	if err != nil || !done.Wants() {
		f.t.Fatal(done, err)
	}
	r := &repeated{leased: f, Announce: a, done: done}
	r.take()
	return r
}

func (r *repeated) take() {
	r.t.Helper()
	var err error
	if r.lease, err = r.frontend.TakeFreeLease(context.Background(), r.done.Lease(), r.Rules); err != nil || r.lease.Token == "" {
		r.t.Fatal(r.lease, err)
	}
}

func (r *repeated) again() swarm.Call {
	r.t.Helper()
	done, err := r.frontend.AnnounceWith(context.Background(), r.Announce, r.lease)
	if err != nil {
		r.t.Fatal(err)
	}
	r.done = done
	return done
}

// What a host says while its lease is under way is not taken back by the announce that is repeated
// with it.
func TestRepeatedAnnounce(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		r := f.beginLease("r1")
		later := r.Announce
		later.Event, later.Left, later.Downloaded = tracker.EventCompleted, 0, storetest.Length
		f.MustAnnounce(t, later)
		r.again()
		if stats, err := f.Store.Statistics(context.Background(), r.InfoHash); err != nil || stats.Seeders != 1 || stats.Progress.Done != 1 {
			t.Errorf("after it was completed: %+v, %v", stats, err)
		}
		later.Event = tracker.EventStopped
		f.MustAnnounce(t, later)
		if done := r.again(); done.Represents != 0 || len(done.Peers) != 0 || len(f.SetMembers(keys.Of(r.InfoHash).Representatives())) != 0 {
			t.Errorf("a host that stopped is back: %+v", done)
		}
	})
}

// All leases that may be given up are looked at for one announce, however many there are.
func TestLeaseAmongManyDonePushes(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		p := &pushes{leased: f, rack: "r1", bound: 2}
		const done = 90
		for n := range byte(done) {
			f.RegisterTransfer(t, 10+n)
			p.deliver(10+int(n), 1, 2)
		}
		f.RegisterTransfer(t, 10+done)
		f.Advance(11 * time.Second)
		p.says(10+done, outside, 90, 0, tracker.EventStarted)
		if h := p.says(10+done, "r1", 11, storetest.Length, tracker.EventNone); h.Represents == 0 {
			t.Error(fmt.Sprint("the newer push waits beside ", done))
		}
	})
}

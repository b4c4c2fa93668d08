package redisstore

import (
	"context"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestReviewHundredLeases(t *testing.T) {
	l := reviewFixture(t)
	f := &pushes{leased: l, rack: "r1", bound: 2}
	for n := range byte(90) {
		f.registerTransfer(t, 10+n)
		f.deliver(10+int(n), 1, 2)
	}
	f.registerTransfer(t, 120)
	f.Advance(11 * time.Second)
	n0, _ := f.command("HLEN", "leases:{r1}").AsInt64()
	fs, _ := f.command("HGETALL", "leases:{r1}").AsStrSlice()
	t.Log(n0, len(fs))
	f.says(120, outside, 90, 0, tracker.EventStarted)
	for i := range 6 {
		h := f.says(120, "r1", 11, testLength, tracker.EventNone)
		n, _ := f.command("HLEN", "leases:{r1}").AsInt64()
		t.Log(i, h.Represents, n)
		if h.Represents > 0 {
			if i > 0 {
				t.Error("late: announce", i)
			}
			return
		}
		f.Advance(30 * time.Second)
	}
	t.Error("never")
}

func TestReviewStrangersWait(t *testing.T) {
	f := reviewFixture(t)
	f.announce(t, selfRegistering(3))
	f.announce(t, selfRegistering(4))
	f.Advance(2 * testRules.PeerTTL)
	f.Store.evicting <- struct{}{} // a large one is just being evicted
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	began := time.Now()
	_, err := f.Announce(ctx, selfRegistering(5))
	t.Log(err, time.Since(began))
	if time.Since(began) > time.Second {
		t.Error("it waits, and takes a turn of others")
	}
}

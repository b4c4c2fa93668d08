package redisstore

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func reviewFixture(t *testing.T) *leased {
	embedded, err := StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(embedded.Close)
	f := newEmbeddedFixture(t, embedded)
	for n := range byte(2) {
		f.registerTransfer(t, n)
	}
	return &leased{f, t, f.handDriven(f.Now)}
}

func (f *leased) firstHalf(a tracker.Announce) (announced, lease) {
	f.t.Helper()
	done, err := f.frontend.announce(context.Background(), a, announceOptions{})
	if err != nil || !done.wants() {
		f.t.Fatal(err, done)
	}
	taken, err := f.frontend.takeFreeLease(context.Background(), done.lease, a.Rules)
	if err != nil || taken.token == "" {
		f.t.Fatal(err, taken)
	}
	return done, taken
}

func TestReviewStopBetween(t *testing.T) {
	f := reviewFixture(t)
	a := announceOf(testHash(0), "r1", 1)
	a.ReprScope = tracker.ScopeRack
	_, taken := f.firstHalf(a)
	stop := a
	stop.Event = tracker.EventStopped
	f.announce(t, stop)
	again, err := f.frontend.announce(context.Background(), a, announceOptions{lease: taken})
	t.Log(again.Represents, err, f.members("{"+a.InfoHash.String()+"}:peers:L"), f.members("{"+a.InfoHash.String()+"}:peers:R"))
	if again.Represents > 0 {
		t.Error("a host that stopped is live again")
	}
}

func TestReviewCompletedBetween(t *testing.T) {
	f := reviewFixture(t)
	a := announceOf(testHash(0), "r1", 1)
	a.ReprScope = tracker.ScopeRack
	_, taken := f.firstHalf(a)
	c := a
	c.Event, c.Left, c.Downloaded = tracker.EventCompleted, 0, 1000
	f.announce(t, c)
	again, err := f.frontend.announce(context.Background(), a, announceOptions{lease: taken})
	t.Log(again.Represents, again.Complete, again.Incomplete, err, f.record(a.InfoHash, a.Addr))
	s, _ := f.Store.Statistics(context.Background(), a.InfoHash)
	t.Logf("%+v", s.Progress)
	if s.Seeders != 1 {
		t.Error("it lacks something again")
	}
}

func TestReviewDeepCame(t *testing.T) {
	f := reviewFixture(t)
	for i := range 300 { // leaders of other groups
		b := announceOf(testHash(0), tracker.Location("dcx"+string(rune('a'+i%26))+string(rune('a'+i/26))+"/r1"), 100+i)
		f.announceAs(b)
	}
	a := announceOf(testHash(0), "dc1/r1", 1)
	a.ReprScope = tracker.ScopeRack
	done, taken := f.firstHalf(a)
	_ = done
	o := announceOptions{lease: taken, now: f.Store.now(), came: done.came}
	r, err := f.frontend.run(context.Background(), announceScript, announceCall(a, o), announceValues)
	if err != nil {
		t.Fatal(err)
	}
	came1, _ := r.values[5].AsInt64()
	d2, _ := readAnnounced(a, r)
	t.Log(came1, d2.Represents, d2.wants(), d2.lease)
	taken2, err := f.frontend.takeFreeLease(context.Background(), d2.lease, a.Rules)
	o.lease = taken2
	r, err = f.frontend.run(context.Background(), announceScript, announceCall(a, o), announceValues)
	if err != nil {
		t.Fatal(err)
	}
	came2, _ := r.values[5].AsInt64()
	rep, _ := r.values[1].AsInt64()
	t.Log(came2, rep)
	if came2 != 1 {
		t.Error("does not come any more")
	}
}

func (f *leased) announceAs(a tracker.Announce) {
	a.ReprScope = tracker.ScopeRack
	if _, err := f.frontend.Announce(context.Background(), a); err != nil {
		f.t.Fatal(err)
	}
}

// a gone host at the IPv6 address of a fresh host that says both
func TestReviewMateBySecondAddress(t *testing.T) {
	f := reviewFixture(t)
	old := announceOf(testHash(0), "r1", 1)
	old.Addr = sixOf(1)
	f.announce(t, old)
	old.Event = tracker.EventStopped
	f.announce(t, old)
	n := announceOf(testHash(0), "r1", 2)
	n.Also = sixOf(1)
	n.Also = mustPort(n.Also, 7000)
	f.announce(t, n)
	s, _ := f.Store.Statistics(context.Background(), n.InfoHash)
	t.Logf("%+v", s.Progress)
	if s.Progress.Hosts != 1 {
		t.Error("the machine counts twice")
	}
}

func TestReviewEvictBroken(t *testing.T) {
	f := reviewFixture(t)
	f.announce(t, selfRegistering(3))
	f.Advance(2 * testRules.PeerTTL)
	hash := testHash(3)
	// the frontend dies behind evict.lua
	f.Store.setArchiving(context.Background(), hash)
	for {
		r, err := f.Store.run(context.Background(), evictScript, evictCall(hash, f.Store.now(), testRules.PeerTTL), 2)
		if err != nil {
			t.Fatal(err)
		}
		if r.status == evicted {
			break
		}
	}
	f.Store.resumeArchives(context.Background())
	f.Advance(time.Hour)
	f.command("DEL", "{"+hash.String()+"}:closed") // expired
	h := f.announce(t, selfRegistering(3))
	t.Log(h.Active, f.keys("*"+hash.String()+"*"))
	if !h.Active {
		t.Error("never active again")
	}
}

func mustPort(a netip.AddrPort, p uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), p) }

package swarm_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var probeRules = func() tracker.Rules {
	rules := storetest.Rules
	rules.ProbeInterval = 10 * time.Second
	return rules
}()

// overdue is when another frontend is told of a representative: after two intervals and
// the longest probe.
var overdue = 2*probeRules.ProbeInterval + 10*time.Second

// probed is a fixture with a transfer whose rack has two representatives and others.
type probed struct {
	*storetest.Fixture
	t    *testing.T
	hash tracker.InfoHash
}

func eachProbed(t *testing.T, test func(f *probed)) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		test(&probed{f, t, f.RegisterTransfer(t, 1)})
	})
}

// says announces for a host of the rack that lacks some bytes.
func (f *probed) says(host int, left uint64, event tracker.Event) tracker.Handout {
	f.t.Helper()
	a := storetest.AnnounceOf(f.hash, "r1", host)
	a.Rules, a.Left, a.Event = probeRules, left, event
	return f.MustAnnounce(f.t, a)
}

// promote lets a host become a representative, whom this frontend is to probe.
func (f *probed) promote(host int) tracker.Check {
	f.t.Helper()
	handout := f.says(host, storetest.Length, tracker.EventStarted)
	if len(handout.Checks) != 1 || handout.Represents == 0 || handout.Checks[0].Addr != storetest.AnnounceOf(f.hash, "r1", host).Addr {
		f.t.Fatalf("a new representative: %+v", handout)
	}
	return handout.Checks[0]
}

// report tells how a probe of two seconds ended, of which the last is now.
func (f *probed) report(c tracker.Check, alive bool, want tracker.Verdict) tracker.Check {
	f.t.Helper()
	next, verdict, err := f.ReportProbe(context.Background(), c, 2*time.Second, alive, probeRules)
	if err != nil || verdict != want {
		f.t.Fatalf("verdict %d, %v, expected %d", verdict, err, want)
	}
	return next
}

func (f *probed) later() { f.Advance(probeRules.ProbeInterval) }

func (f *probed) isRepresentative(host int, want bool) {
	f.t.Helper()
	r, err := f.Command("SISMEMBER", keys.Of(f.hash).Representatives(), storetest.AnnounceOf(f.hash, "r1", host).Addr.String()).AsBool()
	if err != nil || r != want {
		f.t.Fatalf("host %d represents: %v, %v", host, r, err)
	}
}

// Who has answered and does so no more has lost his place at once, and the next host of
// the rack that announces has it.
func TestProbeFindsTheDead(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.promote(1)
		f.promote(2)
		f.says(3, storetest.Length, tracker.EventStarted)
		f.later()
		c = f.report(c, true, tracker.ProbeAgain)
		f.later()
		f.report(c, false, tracker.ProbedDead)
		f.isRepresentative(1, false)
		if f.says(4, storetest.Length, tracker.EventStarted).Represents == 0 {
			f.t.Error("the place is not taken")
		}
		f.isRepresentative(4, true)
	})
}

// Who never answered is behind a firewall.
func TestProbeSparesTheFirewalled(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.promote(1)
		f.Advance(2 * time.Second) // that the probe takes
		for range 5 {
			c = f.report(c, false, tracker.ProbeAgain)
			if c.After != 10*probeRules.ProbeInterval {
				f.t.Errorf("is probed again after %v", c.After)
			}
			f.Advance(c.After)
			if checks := f.says(2, storetest.Length, tracker.EventNone).Checks; len(checks) > 1 || len(checks) == 1 && checks[0].Addr == c.Addr {
				f.t.Errorf("another frontend is told: %v", checks)
			}
		}
		f.isRepresentative(1, true)
		c = f.report(c, true, tracker.ProbeAgain) // the firewall has gone
		f.later()
		f.report(c, false, tracker.ProbedDead)
	})
}

// Who answered once, and announces with progress while he does not, is behind one now.
func TestProbeSparesWhoMakesProgress(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.report(f.promote(1), true, tracker.ProbeAgain)
		for left := uint64(storetest.Length); left > storetest.Length-3; {
			f.later()
			left--
			f.says(1, left, tracker.EventNone) // during the probe
			c = f.report(c, false, tracker.ProbeAgain)
		}
		for range 5 {
			f.later()
			c = f.report(c, false, tracker.ProbeAgain)
		}
		f.isRepresentative(1, true)
	})
}

// Who announces during a probe is alive, but without progress it proves nothing more.
func TestProbeSparesWhoAnnounces(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.report(f.promote(1), true, tracker.ProbeAgain)
		for range 3 {
			f.later()
			f.says(1, storetest.Length, tracker.EventNone)
			c = f.report(c, false, tracker.ProbeAgain)
		}
		f.later()
		f.report(c, false, tracker.ProbedDead)
	})
}

// A representative that announced just before the probe began is dead all the same.
func TestProbeIsNewerThanAnAnnounce(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.report(f.promote(1), true, tracker.ProbeAgain)
		f.says(1, 1, tracker.EventNone)
		f.Advance(2 * time.Second) // that the probe takes
		f.report(c, false, tracker.ProbedDead)
	})
}

// Once another frontend has claimed a representative, and when it is none any more, its
// probes end.
func TestProbeEnds(t *testing.T) {
	eachProbed(t, func(f *probed) {
		old, stopped := f.promote(1), f.promote(2)
		f.Advance(overdue) // its frontend has ended
		handout := f.says(3, storetest.Length, tracker.EventStarted)
		if len(handout.Checks) != 0 {
			f.t.Fatalf("looked again within an interval: %+v", handout.Checks)
		}
		other := storetest.Open(f.t, f.Opts)
		a := storetest.AnnounceOf(f.hash, "r1", 3)
		a.Rules = probeRules
		taken, err := other.Announce(context.Background(), a)
		if err != nil || len(taken.Checks) != 2 {
			f.t.Fatalf("%d checks, %v", len(taken.Checks), err)
		}
		f.report(old, false, tracker.ProbeNoMore)
		f.says(2, 0, tracker.EventStopped)
		stopped.Claimed = f.Now().Unix()
		f.report(stopped, false, tracker.ProbeNoMore)
		f.isRepresentative(1, true)
		if err := f.Deactivate(context.Background(), f.hash, false); err != nil {
			f.t.Fatal(err)
		}
		old.Claimed = f.Now().Unix()
		f.report(old, false, tracker.ProbeNoMore)
	})
}

// A host of both families is probed at both addresses.
func TestProbeBothFamilies(t *testing.T) {
	eachProbed(t, func(f *probed) {
		a := storetest.AnnounceOf(f.hash, "r1", 1)
		a.Rules, a.Also = probeRules, storetest.SixOf(1)
		checks := f.MustAnnounce(f.t, a).Checks
		if len(checks) != 1 || checks[0].Addr != a.Addr || checks[0].Also != a.Also {
			f.t.Errorf("%+v", checks)
		}
	})
}

// named announces for a host of the rack whose client named an address of it.
func (f *probed) named(host int, also netip.AddrPort, event tracker.Event) tracker.Handout {
	f.t.Helper()
	a := storetest.AnnounceOf(f.hash, "r1", host)
	a.Rules, a.Also, a.Event, a.Named = probeRules, also, event, true
	return f.MustAnnounce(f.t, a)
}

// Nobody probes a host that named an address: neither the frontend that it told, nor another one
// later, nor after it announced from there.
func TestProbeNobodyWhoIsNamed(t *testing.T) {
	eachProbed(t, func(f *probed) {
		handout := f.named(1, netip.AddrPort{}, tracker.EventStarted)
		f.isRepresentative(1, true)
		f.promote(2)
		for range 3 {
			for host := range 3 {
				f.Advance(overdue)
				f.ForgetScans() // as another frontend
				handout.Checks = append(handout.Checks, f.says(1+host, storetest.Length, tracker.EventNone).Checks...)
			}
			handout.Checks = append(handout.Checks, f.says(1, storetest.Length, tracker.EventStarted).Checks...)
		}
		for _, check := range handout.Checks {
			if check.Addr == storetest.AnnounceOf(f.hash, "r1", 1).Addr {
				f.t.Fatalf("told of it: %+v", check)
			}
		}
		// It stops, and is promoted again.
		f.says(1, storetest.Length, tracker.EventStopped)
		if checks := f.says(1, storetest.Length, tracker.EventStarted).Checks; len(checks) != 0 {
			f.t.Errorf("told of it again: %+v", checks)
		}
	})
}

// A host that is probed, and then names an address, is probed no more.
func TestProbeEndsWhenNamed(t *testing.T) {
	eachProbed(t, func(f *probed) {
		c := f.promote(1)
		f.later()
		c = f.report(c, true, tracker.ProbeAgain)
		f.named(1, storetest.SixOf(9), tracker.EventNone)
		f.later()
		f.report(c, false, tracker.ProbeNoMore)
		f.isRepresentative(1, true)
		f.Advance(overdue)
		f.ForgetScans()
		if checks := f.says(1, storetest.Length-1, tracker.EventNone).Checks; len(checks) != 0 {
			f.t.Errorf("told of it: %+v", checks)
		}
	})
}

// An address that somebody named is probed once it is another host's, who announces from there.
func TestProbeWhoCameThere(t *testing.T) {
	eachProbed(t, func(f *probed) {
		f.named(1, netip.AddrPort{}, tracker.EventStarted)
		a := storetest.AnnounceOf(f.hash, "r1", 1)
		a.PeerID, a.Rules, a.Event = storetest.AnnounceOf(f.hash, "r1", 7).PeerID, probeRules, tracker.EventStarted
		f.MustAnnounce(f.t, a)
		f.ForgetScans()
		a.Event = tracker.EventNone
		if checks := f.MustAnnounce(f.t, a).Checks; len(checks) != 1 || checks[0].Addr != a.Addr {
			f.t.Errorf("%+v", checks)
		}
	})
}

// The dead give back their leases, too.
func TestProbeUnderScopeRack(t *testing.T) {
	eachLeased(t, func(t *testing.T, f *leased) {
		a := storetest.AnnounceOf(storetest.Hash(0), "r1", 1)
		a.Rules, a.ReprScope = probeRules, tracker.ScopeRack
		handout, err := f.frontend.Announce(context.Background(), a)
		if err != nil || len(handout.Checks) != 1 {
			t.Fatalf("%+v, %v", handout, err)
		}
		f.expect("another", f.represents(0, "r1", 2), true)
		check := handout.Checks[0]
		for _, alive := range []bool{true, false} {
			f.Advance(probeRules.ProbeInterval)
			if check, _, err = f.frontend.ReportProbe(context.Background(), check, time.Second, alive, a.Rules); err != nil {
				t.Fatal(err)
			}
		}
		f.doErrands()
		f.expect("a third, elsewhere", f.represents(1, "r1", 3), true)
	})
}

// Of many frontends that ask at once, one is told.
func TestProbeIsClaimedOnce(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	hash := f.RegisterTransfer(t, 1)
	a := storetest.AnnounceOf(hash, "r1", 1)
	a.Rules = probeRules
	f.MustAnnounce(t, a)
	var stores []*redisstore.Store
	for range 8 {
		stores = append(stores, storetest.Open(t, f.Opts))
	}
	for range 5 {
		f.Advance(overdue)
		var told atomic.Int64
		var callers sync.WaitGroup
		for n, store := range stores {
			store.ForgetScans()
			callers.Go(func() {
				b := storetest.AnnounceOf(hash, "r1", 1+n%2) // representatives look as well
				b.Rules = probeRules
				handout, err := store.Announce(context.Background(), b)
				if err != nil {
					t.Error(err)
				}
				for _, check := range handout.Checks {
					if check.Addr == a.Addr {
						told.Add(1)
					}
				}
			})
		}
		callers.Wait()
		if n := told.Load(); n != 1 {
			t.Errorf("%d frontends were told", n)
		}
	}
}

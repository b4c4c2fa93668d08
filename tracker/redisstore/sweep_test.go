package redisstore_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// A host died in the middle of a push and came again at another port. In the end all have everything
// and are gone, and nobody announces any more: who asks is told the truth all the same.
func TestStatisticsWhenNobodyAnnounces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		opts := f.Opts
		opts.PeerTTL = storetest.Rules.PeerTTL
		s := storetest.Open(t, opts)
		hash := f.RegisterTransfer(t, 1)
		for n := range 100 {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.ReprScope, a.Left = tracker.ScopeRack, storetest.Length/2
			f.MustAnnounce(t, a)
			f.Advance(time.Second)
			a.PeerID[0], a.Addr = 'x', netip.AddrPortFrom(a.Addr.Addr(), 7000)
			a.Left, a.Event = 0, started
			f.MustAnnounce(t, a)
			a.Event = stopped
			f.MustAnnounce(t, a)
		}
		f.Advance(storetest.Rules.PeerTTL)
		stats, err := storetest.StatisticsOf(context.Background(), s, hash, true)
		if want := (tracker.Progress{Hosts: 100, Done: 100}); err != nil || stats.Progress != want || !stats.Progress.Complete() ||
			stats.States()[tracker.HostDone] != 100 {
			t.Errorf("%+v, %v", stats, err)
		}
		if r := stats.Racks["r1"]; r.Peers != 0 || r.Representatives != 0 {
			t.Errorf("%+v", r)
		}
		storetest.AwaitBackground(t, s)
	})
}

package redisstore

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// A host died in the middle of a push and came again at another port. In the end all have everything
// and are gone, and nobody announces any more: who asks is told the truth all the same.
func TestStatisticsWhenNobodyAnnounces(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		opts := f.opts
		opts.PeerTTL = testRules.PeerTTL
		s := openStore(t, opts)
		hash := f.registerTransfer(t, 1)
		for n := range 100 {
			a := announceOf(hash, "r1", n)
			a.ReprScope, a.Left = tracker.ScopeRack, testLength/2
			f.announce(t, a)
			f.Advance(time.Second)
			a.PeerID[0], a.Addr = 'x', netip.AddrPortFrom(a.Addr.Addr(), 7000)
			a.Left, a.Event = 0, started
			f.announce(t, a)
			a.Event = stopped
			f.announce(t, a)
		}
		f.Advance(testRules.PeerTTL)
		stats, err := statisticsOf(context.Background(), s, hash, true)
		if want := (tracker.Progress{Hosts: 100, Done: 100}); err != nil || stats.Progress != want || !stats.Progress.Complete() ||
			stats.States()[tracker.HostDone] != 100 {
			t.Errorf("%+v, %v", stats, err)
		}
		if r := stats.Racks["r1"]; r.Peers != 0 || r.Representatives != 0 {
			t.Errorf("%+v", r)
		}
		awaitBackground(t, s)
	})
}

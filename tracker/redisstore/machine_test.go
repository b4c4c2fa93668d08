package redisstore_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// step is an announce of a client on machine number n, and what the sums are after it.
type step struct {
	n      int
	client byte   // each has a peer id of its own
	port   uint16 // 0: 6881
	left   uint64
	event  tracker.Event
	wait   time.Duration // before it
	want   tracker.Progress
	done   bool // the transfer is complete
}

const (
	none      = tracker.EventNone
	started   = tracker.EventStarted
	completed = tracker.EventCompleted
	stopped   = tracker.EventStopped
	gone      = 661 * time.Second
)

// A client that starts again is one host with the one it was, whatever port and peer id it has now.
var machineStories = map[string][]step{
	"resumed at another port": {
		{n: 1, client: 'a', left: 1000, event: started, want: tracker.Progress{Hosts: 1, Left: 1000}},
		{n: 1, client: 'b', port: 7000, left: 400, event: started, want: tracker.Progress{Hosts: 2, Left: 1400}},
		{n: 1, client: 'b', port: 7000, left: 400, wait: 400 * time.Second, want: tracker.Progress{Hosts: 2, Left: 1400}},
		{n: 1, client: 'b', port: 7000, event: completed, wait: 300 * time.Second, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
	},
	"stopped, and resumed at another port": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'a', left: 600, event: stopped, want: tracker.Progress{Hosts: 1, Left: 600}},
		{n: 1, client: 'b', port: 7000, left: 600, event: started, want: tracker.Progress{Hosts: 1, Left: 600}},
	},
	"the old one goes when the new one is done and gone": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'b', port: 7000, left: 1, event: started, wait: time.Second, want: tracker.Progress{Hosts: 2, Left: 701}},
		{n: 1, client: 'b', port: 7000, event: stopped, want: tracker.Progress{Hosts: 2, Done: 1, Left: 700}},
		{n: 2, client: 'c', left: 5, event: started, wait: gone, want: tracker.Progress{Hosts: 2, Done: 1, Left: 5}},
	},
	"restarted when it had everything": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'a', event: completed, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
		{n: 1, client: 'b', port: 7000, event: started, wait: gone, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
		{n: 1, client: 'c', port: 7001, event: started, wait: gone, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
	},
	"restarted at the same port when it had everything": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'a', event: completed, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
		{n: 1, client: 'b', event: started, want: tracker.Progress{Hosts: 1, Done: 1}, done: true},
	},
	"finished between two starts, unseen": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'b', port: 7000, event: started, wait: time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 700}},
		{n: 2, client: 'c', event: started, wait: gone, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 2}, done: true},
	},
	"several live clients behind one address": {
		{n: 1, client: 'a', left: 700, event: started, want: tracker.Progress{Hosts: 1, Left: 700}},
		{n: 1, client: 'b', port: 7000, left: 30, event: started, want: tracker.Progress{Hosts: 2, Left: 730}},
		{n: 1, client: 'b', port: 7000, event: completed, want: tracker.Progress{Hosts: 2, Done: 1, Left: 700}},
		{n: 1, client: 'b', port: 7000, event: stopped, want: tracker.Progress{Hosts: 2, Done: 1, Left: 700}},
		{n: 1, client: 'a', event: completed, want: tracker.Progress{Hosts: 2, Done: 2}, done: true},
	},
	"a leecher beside the first seeder gives up": {
		{n: 1, client: 'a', event: started, want: tracker.Progress{Hosts: 1, Seeded: 1, Done: 1}},
		{n: 1, client: 'b', port: 7000, left: 30, event: started, wait: time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		{n: 1, client: 'b', port: 7000, left: 20, event: stopped, want: tracker.Progress{Hosts: 1, Seeded: 1, Done: 1}},
	},
	"the first seeder restarts": {
		{n: 1, client: 'a', event: started, want: tracker.Progress{Hosts: 1, Seeded: 1, Done: 1}},
		{n: 1, client: 'b', port: 7000, event: started, wait: gone, want: tracker.Progress{Hosts: 1, Seeded: 1, Done: 1}},
	},
	"the first seeder restarts beside a leecher, says completed, and the leecher gives up": {
		{n: 1, client: 'a', event: started, want: tracker.Progress{Hosts: 1, Seeded: 1, Done: 1}},
		{n: 1, client: 'b', port: 7000, left: 30, event: started, wait: time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		{n: 1, client: 'a', event: stopped, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		{n: 1, client: 'c', port: 7001, event: started, wait: time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		{n: 1, client: 'c', port: 7001, event: completed, wait: 400 * time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		{n: 2, client: 'd', left: 5, event: started, wait: 300 * time.Second, want: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 5}},
	},
	"both give up": {
		{n: 1, client: 'a', left: 7, event: started, want: tracker.Progress{Hosts: 1, Left: 7}},
		{n: 1, client: 'b', port: 7000, left: 30, event: started, want: tracker.Progress{Hosts: 2, Left: 37}},
		{n: 2, client: 'c', left: 1, event: started, wait: gone, want: tracker.Progress{Hosts: 3, Left: 38}},
	},
}

func TestMachineCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		n := byte(0)
		for name, story := range machineStories {
			n++
			hash := f.RegisterTransfer(t, n)
			for i, s := range story {
				f.Advance(s.wait)
				a := storetest.AnnounceOf(hash, tracker.Location([]string{"r0", "r1", "r2"}[s.n]), s.n)
				a.PeerID[19], a.Left, a.Event = s.client, s.left, s.event
				if s.port != 0 {
					a.Addr = netip.AddrPortFrom(a.Addr.Addr(), s.port)
				}
				f.MustAnnounce(t, a)
				stats, err := f.Statistics(context.Background(), hash, false)
				if err != nil {
					t.Fatal(err)
				}
				if stats.Progress != s.want || stats.Progress.Complete() != s.done || stats.Peers != s.want.Hosts {
					t.Errorf("%s, step %d: %+v, %d hosts, complete %v; expected %+v, %v",
						name, i, stats.Progress, stats.Peers, stats.Progress.Complete(), s.want, s.done)
				}
			}
		}
	})
}

// The first seeder says `completed`, over and over: it brings no transfer to its end (BEP 3 forbids it,
// clients send it).
func TestFirstSeederIsNoResult(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		a.Left = 0
		for _, a.Event = range []tracker.Event{completed, started, completed, none, stopped, completed} {
			if h := f.MustAnnounce(t, a); h.Downloaded != 0 {
				t.Errorf("event %q: downloaded %d", a.Event, h.Downloaded)
			}
		}
		stats, err := f.Statistics(context.Background(), hash, true)
		if err != nil || stats.Progress.Complete() || stats.Progress.Seeded != 1 || !stats.FirstCompleted.IsZero() ||
			stats.Racks["r1"].Progress.Complete() {
			t.Errorf("%+v, %v", stats, err)
		}
		// Once it lacks something it is a host like any other.
		a.Left, a.Event = 10, none
		f.MustAnnounce(t, a)
		a.Left, a.Event = 0, completed
		if h := f.MustAnnounce(t, a); h.Downloaded != 1 {
			t.Errorf("downloaded %d", h.Downloaded)
		}
		if stats, err = f.Statistics(context.Background(), hash, false); err != nil || !stats.Progress.Complete() {
			t.Errorf("%+v, %v", stats, err)
		}
	})
}

func TestDrop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := f.RegisterTransfer(t, 1)
		done := storetest.AnnounceOf(hash, "r1", 1)
		f.MustAnnounce(t, done)
		done.Left, done.Event = 0, completed
		f.MustAnnounce(t, done)
		straggler := storetest.AnnounceOf(hash, "r2", 2)
		straggler.Also = storetest.SixOf(2)
		for _, at := range []netip.AddrPort{straggler.Addr, straggler.Also, netip.AddrPortFrom(straggler.Addr.Addr(), 0), netip.AddrPortFrom(straggler.Also.Addr(), 0)} {
			f.MustAnnounce(t, straggler)
			dropped, err := f.Drop(ctx, hash, at)
			if err != nil || !slices.Equal(dropped, []string{straggler.Addr.String()}) {
				t.Fatalf("%s: dropped %q, %v", at, dropped, err)
			}
			stats, err := f.Statistics(ctx, hash, true)
			if err != nil || stats.Peers != 1 || !stats.Progress.Complete() || stats.Leechers != 0 || len(stats.Racks) != 1 {
				t.Errorf("%s: %+v, %v", at, stats, err)
			}
			if dropped, err := f.Drop(ctx, hash, at); err != nil || len(dropped) > 0 {
				t.Errorf("%s: dropped again: %q, %v", at, dropped, err)
			}
		}
		if h := f.MustAnnounce(t, straggler); h.Incomplete != 1 || h.Represents != 1 {
			t.Errorf("it is a host again: %+v", h)
		}
		six := storetest.AnnounceOf(hash, "r3", 3)
		six.Addr = storetest.SixOf(3)
		f.MustAnnounce(t, six)
		if dropped, err := f.Drop(ctx, hash, netip.AddrPortFrom(six.Addr.Addr(), 0)); err != nil || len(dropped) != 1 {
			t.Errorf("dropped %q, %v", dropped, err)
		}
		if _, err := f.Drop(ctx, storetest.Hash(9), six.Addr); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("of no transfer: %v", err)
		}
	})
}

// A host's rack is that of its IPv4 address, whichever it announces from first.
func TestDualStackHostIsInOneRack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		for n := range 6 {
			four, six := storetest.AnnounceOf(hash, "four", n), storetest.AnnounceOf(hash, "six", n)
			six.Addr = storetest.SixOf(n)
			announces := []tracker.Announce{four, six, four, six}
			if n%2 == 0 {
				announces = []tracker.Announce{six, four, six, four}
			}
			for i, a := range announces {
				h := f.MustAnnounce(t, a)
				if want := n == 0 && i == 0 || n < 2 && i > 0 || n == 1; h.Represents == 1 != want {
					t.Errorf("host %d, announce %d: represents %d groups", n, i, h.Represents)
				}
			}
		}
		stats, err := f.Statistics(context.Background(), hash, true)
		if r := stats.Racks["four"]; err != nil || len(stats.Racks) != 1 || r.Peers != 6 || r.Representatives != 2 || stats.Peers != 6 {
			t.Errorf("%+v, %v", stats, err)
		}
		if racks := f.SetMembers(keys.Of(hash).Racks()); !slices.Equal(racks, []string{"four"}) {
			t.Errorf("racks %q", racks)
		}
	})
}

// A host that comes with both addresses takes the place of one that gave up at its IPv6 address.
func TestMateByOtherFamily(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		old := storetest.AnnounceOf(hash, "r1", 1)
		old.Addr = storetest.SixOf(1)
		f.MustAnnounce(t, old)
		old.Event = tracker.EventStopped
		f.MustAnnounce(t, old)
		a := storetest.AnnounceOf(hash, "r1", 2)
		a.Also = netip.AddrPortFrom(storetest.SixOf(1).Addr(), 7000)
		f.MustAnnounce(t, a)
		if stats, err := f.Store.Statistics(context.Background(), hash); err != nil || stats.Progress.Hosts != 1 {
			t.Errorf("the machine counts %d times, %v", stats.Progress.Hosts, err)
		}
	})
}

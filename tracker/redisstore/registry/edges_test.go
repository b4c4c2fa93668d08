package registry_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/registry"
)

// Cases that a review found, and that histories hardly reach.

// Many hosts that claim to lack more than fits into a sum must not break the
// announces of others.
func TestLeftBeyondAllBounds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		for n, left := range []uint64{tracker.MaxLeft, tracker.MaxLeft + 1, 1<<63 - 1, tracker.LeftUnknown} {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.Left = left
			f.MustAnnounce(t, a)
		}
		stats, err := f.Statistics(context.Background(), hash, false)
		if want := (tracker.Progress{Hosts: 4, Unknown: 3, Left: tracker.MaxLeft}); err != nil || stats.Progress != want {
			t.Errorf("%+v, %v, expected %+v", stats.Progress, err, want)
		}
	})
}

// A client that stops may give port 0, and from its other family.
func TestStoppedWithPortZero(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		four := a.Addr.Addr()
		a.Addr = storetest.SixOf(1)
		f.MustAnnounce(t, a)
		stop := a
		stop.Event, stop.Addr = tracker.EventStopped, netip.AddrPortFrom(four, 0)
		if h := f.MustAnnounce(t, stop); h.Incomplete != 0 {
			t.Errorf("it did not stop: %+v", h)
		}
		f.MustAnnounce(t, a)
		h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 2))
		if len(h.Peers) != 1 || h.Peers[0] != (tracker.Peer{Addr6: a.Addr}) {
			t.Errorf("handed %v", h.Peers)
		}
	})
}

// A stop says nothing of whoever has the address by now, and makes nobody known.
func TestStoppedByNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1))
		late := storetest.AnnounceOf(hash, "r1", 1)
		late.PeerID[7], late.Event = 'x', tracker.EventStopped
		never := storetest.AnnounceOf(hash, "r1", 9)
		never.Event = tracker.EventStopped
		for _, a := range []tracker.Announce{late, never} {
			if h := f.MustAnnounce(t, a); h.Incomplete != 1 || len(h.Peers) != 0 {
				t.Errorf("%v: %+v", a.Addr, h)
			}
		}
		if n := f.Card(keys.Of(hash).Peers()); n != 1 {
			t.Errorf("%d hosts seen, expected 1", n)
		}
	})
}

// The SMDB may learn a hostname late.
func TestEventsRefreshTheRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		a.Hostname, a.Compact = "", false
		f.MustAnnounce(t, a)
		a.Hostname, a.Compact = "host1", true
		f.MustAnnounce(t, a)
		if r := f.Record(hash, a.Addr); r["hostname"] != "host1" || r["compact"] != "True" {
			t.Errorf("hostname %q, compact %q", r["hostname"], r["compact"])
		}
	})
}

// A record that Redis lost must not keep its host live for ever.
func TestLostRecordExpires(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		a := storetest.AnnounceOf(hash, "r1", 1)
		f.MustAnnounce(t, a)
		f.Command("DEL", keys.Of(hash).Peer(a.Addr))
		f.Advance(storetest.Rules.PeerTTL)
		h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 2))
		if h.Incomplete != 1 || h.Represents != 1 || len(h.Peers) != 0 || f.Card(keys.Of(hash).Representatives()) != 1 {
			t.Errorf("%+v", h)
		}
	})
}

// A page that Redis lost costs its own hosts only: the others are answered, by either script.
func TestLostShelf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		seeder := storetest.AnnounceOf(hash, "r1", 9)
		seeder.Left = 0
		f.MustAnnounce(t, seeder)
		for n := range 3 {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", n))
		}
		f.Command("DEL", keys.Of(hash).Swarm("r1")+":leechers")
		for _, event := range []tracker.Event{tracker.EventNone, tracker.EventStarted} {
			a := storetest.AnnounceOf(hash, "r1", 2)
			a.Event = event
			if h := f.MustAnnounce(t, a); !storetest.Addresses(h.Peers)[seeder.Addr] {
				t.Errorf("%v: handed %v", event, h.Peers)
			}
		}
		a := storetest.AnnounceOf(hash, "r1", 2)
		a.Event = tracker.EventStopped
		if h := f.MustAnnounce(t, a); h.Incomplete != 2 {
			t.Errorf("%d leechers, expected 2", h.Incomplete)
		}
	})
}

// AUTO_REGISTER must not bring back a transfer whose archive is under way,
// however long that takes.
func TestAutoRegisterDuringArchive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := storetest.Populate(t, f, registry.ArchiveStep)
		if err := f.Shut(context.Background(), hash); err != nil {
			t.Fatal(err)
		}
		if ttl, _ := f.Command("TTL", keys.Of(hash).Closed()).AsInt64(); ttl != -1 {
			t.Errorf("the mark expires in %d s, before the archive is complete", ttl)
		}
		a := storetest.AnnounceOf(hash, "r1", 1)
		a.AutoRegister = true
		if h := f.MustAnnounce(t, a); h.Active {
			t.Error("active again")
		}
	})
}

// A frontend dies right after the first step: the name is free once another one
// has finished the work.
func TestResumeFreesTheName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := f.RegisterTransfer(t, 1)
		if err := f.SetArchiving(ctx, hash); err != nil {
			t.Fatal(err)
		}
		if err := f.Shut(ctx, hash); err != nil {
			t.Fatal(err)
		}
		f.ResumeArchives(ctx)
		if names, err := f.Torrents(ctx); err != nil || len(names) != 0 || f.Card(keys.ActiveTransfers) != 0 {
			t.Errorf("torrents %v, %v, active %q", names, err, f.SetMembers(keys.ActiveTransfers))
		}
	})
}

// A deactivation that is overtaken by a registration elsewhere must not take the
// new transfer off the lists.
func TestLateUnlistIsUndone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := f.RegisterTransfer(t, 1)
		if err := f.Unlist(ctx, hash, "payload-1"); err != nil {
			t.Fatal(err)
		}
		names, _ := f.Torrents(ctx)
		transfers, _ := f.Transfers(ctx)
		if len(names) != 1 || len(transfers) != 1 {
			t.Errorf("active, but torrents %v, transfers %v", names, transfers)
		}
	})
}

// A Redis that answers but refuses to write is not ready.
func TestReadOnlyRedisIsNotReady(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	for _, test := range []struct{ set, reset []string }{
		{[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		{[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
	} {
		if err := f.Command(test.set...).Error(); err != nil {
			t.Fatal(err)
		}
		if err := f.Ready(context.Background()); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%v: ready: %v", test.set, err)
		}
		f.Command(test.reset...)
		if err := f.Ready(context.Background()); err != nil {
			t.Errorf("%v: ready: %v", test.reset, err)
		}
	}
}

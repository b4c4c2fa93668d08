package redisstore

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Cases that a review found, and that histories hardly reach.

// Many hosts that claim to lack more than fits into a sum must not break the
// announces of others.
func TestLeftBeyondAllBounds(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		for n, left := range []uint64{tracker.MaxLeft, tracker.MaxLeft + 1, 1<<63 - 1, tracker.LeftUnknown} {
			a := announceOf(hash, "r1", n)
			a.Left = left
			f.announce(t, a)
		}
		stats, err := f.Statistics(context.Background(), hash, false)
		if want := (tracker.Progress{Hosts: 4, Unknown: 3, Left: tracker.MaxLeft}); err != nil || stats.Progress != want {
			t.Errorf("%+v, %v, expected %+v", stats.Progress, err, want)
		}
	})
}

// A client that stops may give port 0, and from its other family.
func TestStoppedWithPortZero(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		a := announceOf(hash, "r1", 1)
		four := a.Addr.Addr()
		a.Addr = sixOf(1)
		f.announce(t, a)
		stop := a
		stop.Event, stop.Addr = tracker.EventStopped, netip.AddrPortFrom(four, 0)
		if h := f.announce(t, stop); h.Incomplete != 0 {
			t.Errorf("it did not stop: %+v", h)
		}
		f.announce(t, a)
		h := f.announce(t, announceOf(hash, "r1", 2))
		if len(h.Peers) != 1 || h.Peers[0] != (tracker.Peer{Addr6: a.Addr}) {
			t.Errorf("handed %v", h.Peers)
		}
	})
}

// A stop says nothing of whoever has the address by now, and makes nobody known.
func TestStoppedByNobody(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		f.announce(t, announceOf(hash, "r1", 1))
		late := announceOf(hash, "r1", 1)
		late.PeerID[7], late.Event = 'x', tracker.EventStopped
		never := announceOf(hash, "r1", 9)
		never.Event = tracker.EventStopped
		for _, a := range []tracker.Announce{late, never} {
			if h := f.announce(t, a); h.Incomplete != 1 || len(h.Peers) != 0 {
				t.Errorf("%v: %+v", a.Addr, h)
			}
		}
		if n := f.card(keys.Of(hash).Peers()); n != 1 {
			t.Errorf("%d hosts seen, expected 1", n)
		}
	})
}

// The SMDB may learn a hostname late.
func TestEventsRefreshTheRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		a := announceOf(hash, "r1", 1)
		a.Hostname, a.Compact = "", false
		f.announce(t, a)
		a.Hostname, a.Compact = "host1", true
		f.announce(t, a)
		if r := f.record(hash, a.Addr); r["hostname"] != "host1" || r["compact"] != "True" {
			t.Errorf("hostname %q, compact %q", r["hostname"], r["compact"])
		}
	})
}

// A record that Redis lost must not keep its host live for ever.
func TestLostRecordExpires(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		a := announceOf(hash, "r1", 1)
		f.announce(t, a)
		f.command("DEL", keys.Of(hash).Peer(a.Addr))
		f.Advance(testRules.PeerTTL)
		h := f.announce(t, announceOf(hash, "r1", 2))
		if h.Incomplete != 1 || h.Represents != 1 || len(h.Peers) != 0 || f.card(keys.Of(hash).Representatives()) != 1 {
			t.Errorf("%+v", h)
		}
	})
}

// A page that Redis lost costs its own hosts only: the others are answered, by either script.
func TestLostShelf(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		seeder := announceOf(hash, "r1", 9)
		seeder.Left = 0
		f.announce(t, seeder)
		for n := range 3 {
			f.announce(t, announceOf(hash, "r1", n))
		}
		f.command("DEL", keys.Of(hash).Swarm("r1")+":leechers")
		for _, event := range []tracker.Event{tracker.EventNone, tracker.EventStarted} {
			a := announceOf(hash, "r1", 2)
			a.Event = event
			if h := f.announce(t, a); !addresses(h.Peers)[seeder.Addr] {
				t.Errorf("%v: handed %v", event, h.Peers)
			}
		}
		a := announceOf(hash, "r1", 2)
		a.Event = tracker.EventStopped
		if h := f.announce(t, a); h.Incomplete != 2 {
			t.Errorf("%d leechers, expected 2", h.Incomplete)
		}
	})
}

// AUTO_REGISTER must not bring back a transfer whose archive is under way,
// however long that takes.
func TestAutoRegisterDuringArchive(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := populate(t, f)
		if _, err := f.run(context.Background(), closeScript, f.closeCall(hash, false), 1); err != nil {
			t.Fatal(err)
		}
		if ttl, _ := f.command("TTL", keys.Of(hash).Closed()).AsInt64(); ttl != -1 {
			t.Errorf("the mark expires in %d s, before the archive is complete", ttl)
		}
		a := announceOf(hash, "r1", 1)
		a.AutoRegister = true
		if h := f.announce(t, a); h.Active {
			t.Error("active again")
		}
	})
}

// A frontend dies right after the first step: the name is free once another one
// has finished the work.
func TestResumeFreesTheName(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		hash := f.registerTransfer(t, 1)
		if err := f.setArchiving(ctx, hash); err != nil {
			t.Fatal(err)
		}
		if _, err := f.run(ctx, closeScript, f.closeCall(hash, false), 1); err != nil {
			t.Fatal(err)
		}
		f.resumeArchives(ctx)
		if names, err := f.Torrents(ctx); err != nil || len(names) != 0 || f.card(keys.ActiveTransfers) != 0 {
			t.Errorf("torrents %v, %v, active %q", names, err, f.members(keys.ActiveTransfers))
		}
	})
}

// A deactivation that is overtaken by a registration elsewhere must not take the
// new transfer off the lists.
func TestLateUnlistIsUndone(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		hash := f.registerTransfer(t, 1)
		if err := f.unlist(ctx, hash, "payload-1"); err != nil {
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
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	for _, test := range []struct{ set, reset []string }{
		{[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		{[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
	} {
		if err := f.command(test.set...).Error(); err != nil {
			t.Fatal(err)
		}
		if err := f.Ready(context.Background()); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%v: ready: %v", test.set, err)
		}
		f.command(test.reset...)
		if err := f.Ready(context.Background()); err != nil {
			t.Errorf("%v: ready: %v", test.reset, err)
		}
	}
}

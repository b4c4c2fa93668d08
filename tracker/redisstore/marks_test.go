package redisstore

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// TestLostDataAreKnownToAll: whoever knew the data, and whoever started since, takes a transfer that
// is not active for one that was; until it is registered again, or some minutes have passed.
func TestLostDataAreKnownToAll(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		idle := openStore(t, f.opts)
		announce := func(s *Store) tracker.Handout {
			t.Helper()
			var h tracker.Handout
			await(t, "an announce is answered", func() bool {
				var err error
				h, err = s.Announce(context.Background(), announceOf(hash, "r1", 1))
				return err == nil
			})
			return h
		}
		if h := announce(f.Store); !h.Active || h.Forgotten {
			t.Fatalf("%+v", h)
		}
		if h := f.announce(t, announceOf(testHash(9), "r1", 1)); h.Active || h.Forgotten {
			t.Errorf("of what was never active: %+v", h)
		}
		for _, node := range f.raw.Nodes() {
			if err := node.Do(t.Context(), node.B().Flushall().Build()).Error(); err != nil {
				t.Fatal(err)
			}
		}
		if h := announce(f.Store); !h.Forgotten { // before any look finds out
			t.Error("the very first announce is told that it is not active")
		}
		if err := idle.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		late := openStore(t, f.opts)
		for name, s := range map[string]*Store{"busy": f.Store, "idle": idle, "late": late} {
			if h := announce(s); !h.Forgotten {
				t.Errorf("a frontend that was %s does not know", name)
			}
		}
		if ttl, err := f.command("TTL", keys.Lost).AsInt64(); err != nil || ttl <= 0 || ttl > int64(forgottenTTL/time.Second) {
			t.Errorf("the mark expires in %d s: %v", ttl, err)
		}
		f.registerTransfer(t, 1)
		if h := announce(late); !h.Active || h.Forgotten {
			t.Errorf("registered again: %+v", h)
		}
		f.command("DEL", keys.Lost) // as minutes later
		await(t, "all is as ever", func() bool {
			h, err := late.Announce(context.Background(), announceOf(testHash(9), "r1", 1))
			return err == nil && late.Ready(t.Context()) == nil && !h.Forgotten
		})
	})
}

// TestFreshFrontendIsFaster: a frontend that never knew the data is the first to find Redis empty.
func TestFreshFrontendIsFaster(t *testing.T) {
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	f.command("SET", keys.Data, "of a fresh one")
	await(t, "the loss is known", func() bool {
		h, err := f.Announce(context.Background(), announceOf(testHash(9), "r1", 1))
		return err == nil && h.Forgotten
	})
	await(t, "the others are told", func() bool { return f.command("GET", keys.Lost).Error() == nil })
}

// TestNothingIsDoneBeforeTheVersionIsSeen: neither at the start, nor when it changes under way.
func TestNothingIsDoneBeforeTheVersionIsSeen(t *testing.T) {
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	hash := f.registerTransfer(t, 1)
	f.command("SET", keys.Schema, "99")
	before := f.dump()
	for name, s := range map[string]*Store{"running": f.Store, "starting": Open(f.opts, f.log)} {
		if name == "starting" {
			defer s.Close()
		} else if err := s.Ready(t.Context()); !errors.Is(err, errSchema) {
			t.Errorf("ready: %v", err)
		}
		for what, err := range everyCall(s, hash) {
			if !errors.Is(err, tracker.ErrUnavailable) {
				t.Errorf("%s frontend: %s: %v", name, what, err)
			}
		}
	}
	if after := f.dump(); !maps.Equal(after, before) {
		t.Errorf("it wrote: %q, then %q", before, after)
	}
	f.command("SET", keys.Schema, schemaVersion)
	await(t, "it goes on", func() bool {
		_, err := f.Announce(context.Background(), announceOf(hash, "r1", 1))
		return err == nil
	})
}

// dump is all that is stored, in the form of Redis' own.
func (f *fixture) dump() map[string]string {
	all := map[string]string{}
	for _, key := range f.keys("*") {
		all[key], _ = f.command("DUMP", key).ToString()
	}
	return all
}

func everyCall(s *Store, hash tracker.InfoHash) map[string]error {
	ctx := context.Background()
	a := announceOf(hash, "r1", 1)
	errs := map[string]error{}
	_, errs["announce"] = s.Announce(ctx, a)
	_, errs["scrape"] = s.Scrape(ctx, []tracker.InfoHash{hash})
	_, errs["torrents"] = s.Torrents(ctx, "", 1)
	_, errs["statistics"] = s.Statistics(ctx, hash)
	_, errs["drop"] = s.Drop(ctx, hash, a.Addr)
	_, errs["add"] = s.AddTorrent(ctx, tracker.Torrent{Name: "x", InfoHash: hash})
	errs["remove"] = s.RemoveTorrent(ctx, "payload-1")
	errs["end"] = s.Deactivate(ctx, hash, false)
	_, _, errs["probe"] = s.ReportProbe(ctx, tracker.Check{InfoHash: hash, Addr: a.Addr}, 0, false, testRules)
	errs["note"] = s.noteHost(ctx, noteKey{hash, "r1", a.Addr.Addr()})
	errs["stranger"] = s.noteStranger(ctx, hash)
	errs["lease"] = s.settle(ctx, lease{group: "r1", addr: a.Addr.String(), hash: hash, token: "1"}, time.Second)
	errs["secret"] = newSecrets(s).refresh(ctx)
	locations := s.Locations(time.Minute)
	_, errs["generation"] = locations.NextGeneration(ctx)
	errs["remember"] = locations.Remember(ctx, []tracker.Located{{IP: a.Addr.Addr(), Place: a.Place}})
	_, _, errs["recall"] = locations.Recall(ctx, a.Addr.Addr())
	return errs
}

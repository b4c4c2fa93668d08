package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// TestLostDataAreKnownToAll: whoever knew the data, and whoever started since, takes a transfer that
// is not active for one that was; until it is registered again, or some minutes have passed.
func TestLostDataAreKnownToAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		idle := storetest.Open(t, f.Opts)
		announce := func(s *redisstore.Store) tracker.Handout {
			t.Helper()
			var h tracker.Handout
			storetest.Await(t, "an announce is answered", func() bool {
				var err error
				h, err = s.Announce(context.Background(), storetest.AnnounceOf(hash, "r1", 1))
				return err == nil
			})
			return h
		}
		if h := announce(f.Store); !h.Active || h.Forgotten {
			t.Fatalf("%+v", h)
		}
		if h := f.MustAnnounce(t, storetest.AnnounceOf(storetest.Hash(9), "r1", 1)); h.Active || h.Forgotten {
			t.Errorf("of what was never active: %+v", h)
		}
		for _, node := range f.Raw.Nodes() {
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
		late := storetest.Open(t, f.Opts)
		for name, s := range map[string]*redisstore.Store{"busy": f.Store, "idle": idle, "late": late} {
			if h := announce(s); !h.Forgotten {
				t.Errorf("a frontend that was %s does not know", name)
			}
		}
		if ttl, err := f.Command("TTL", keys.Lost).AsInt64(); err != nil || ttl <= 0 || ttl > 5*60 {
			t.Errorf("the mark expires in %d s: %v", ttl, err)
		}
		f.RegisterTransfer(t, 1)
		if h := announce(late); !h.Active || h.Forgotten {
			t.Errorf("registered again: %+v", h)
		}
		f.Command("DEL", keys.Lost) // as minutes later
		storetest.Await(t, "all is as ever", func() bool {
			h, err := late.Announce(context.Background(), storetest.AnnounceOf(storetest.Hash(9), "r1", 1))
			return err == nil && late.Ready(t.Context()) == nil && !h.Forgotten
		})
	})
}

// TestFreshFrontendIsFaster: a frontend that never knew the data is the first to find Redis empty.
func TestFreshFrontendIsFaster(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	f.Command("SET", keys.Data, "of a fresh one")
	storetest.Await(t, "the loss is known", func() bool {
		h, err := f.Announce(context.Background(), storetest.AnnounceOf(storetest.Hash(9), "r1", 1))
		return err == nil && h.Forgotten
	})
	storetest.Await(t, "the others are told", func() bool { return f.Command("GET", keys.Lost).Error() == nil })
}

// TestNothingIsDoneBeforeTheVersionIsSeen: neither at the start, nor when it changes under way.
func TestNothingIsDoneBeforeTheVersionIsSeen(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	hash := f.RegisterTransfer(t, 1)
	version, _ := f.Command("GET", keys.Schema).ToString()
	f.Command("SET", keys.Schema, "99")
	before := dump(f)
	for name, s := range map[string]*redisstore.Store{"running": f.Store, "starting": redisstore.Open(f.Opts, slog.New(slog.DiscardHandler))} {
		if name == "starting" {
			defer s.Close()
		} else if err := s.Ready(t.Context()); !strings.Contains(fmt.Sprint(err), "another version of the key model") {
			t.Errorf("ready: %v", err)
		}
		for what, err := range everyCall(s, hash) {
			if !errors.Is(err, tracker.ErrUnavailable) {
				t.Errorf("%s frontend: %s: %v", name, what, err)
			}
		}
	}
	if after := dump(f); !maps.Equal(after, before) {
		t.Errorf("it wrote: %q, then %q", before, after)
	}
	f.Command("SET", keys.Schema, version)
	storetest.Await(t, "it goes on", func() bool {
		_, err := f.Announce(context.Background(), storetest.AnnounceOf(hash, "r1", 1))
		return err == nil
	})
}

// dump is all that is stored, in the form of Redis' own.
func dump(f *storetest.Fixture) map[string]string {
	all := map[string]string{}
	for _, key := range f.Keys("*") {
		all[key], _ = f.Command("DUMP", key).ToString()
	}
	return all
}

func everyCall(s *redisstore.Store, hash tracker.InfoHash) map[string]error {
	ctx := context.Background()
	a := storetest.AnnounceOf(hash, "r1", 1)
	errs := map[string]error{}
	_, errs["announce"] = s.Announce(ctx, a)
	_, errs["scrape"] = s.Scrape(ctx, []tracker.InfoHash{hash})
	_, errs["torrents"] = s.Torrents(ctx, "", 1)
	_, errs["statistics"] = s.Statistics(ctx, hash)
	_, errs["drop"] = s.Drop(ctx, hash, a.Addr)
	_, errs["add"] = s.AddTorrent(ctx, tracker.Torrent{Name: "x", InfoHash: hash})
	errs["remove"] = s.RemoveTorrent(ctx, "payload-1")
	errs["end"] = s.Deactivate(ctx, hash, false)
	_, _, errs["probe"] = s.ReportProbe(ctx, tracker.Check{InfoHash: hash, Addr: a.Addr}, 0, false, storetest.Rules)
	locations := s.Locations(time.Minute)
	_, errs["generation"] = locations.NextGeneration(ctx)
	errs["remember"] = locations.Remember(ctx, []tracker.Located{{IP: a.Addr.Addr(), Place: a.Place}})
	_, _, errs["recall"] = locations.Recall(ctx, a.Addr.Addr())
	return errs
}

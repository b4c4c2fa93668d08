package registry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/registry"
)

func TestDeactivateMovesEveryKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := storetest.Populate(t, f, registry.ArchiveStep)
		before := f.Keys("{*")
		if err := f.Deactivate(ctx, hash, false); err != nil {
			t.Fatal(err)
		}
		if left := f.Keys("{*"); len(left) != 1 || left[0] != keys.Of(hash).Closed() {
			t.Errorf("left: %q", left)
		}
		archived := map[string]bool{}
		for _, key := range f.Keys("2027-01-15T08:00:00Z:{*") {
			archived[strings.TrimPrefix(key, "2027-01-15T08:00:00Z:")] = true
			if ttl, _ := f.Command("TTL", key).AsInt64(); ttl <= 0 || ttl > 3600 {
				t.Errorf("%s expires in %d s", key, ttl)
			}
		}
		for _, key := range before {
			if !archived[key] {
				t.Errorf("%s was not archived", key)
			}
		}
		if n := f.Card("2027-01-15T08:00:00Z:" + keys.Of(hash).Peers()); n != 2*registry.ArchiveStep+10 {
			t.Errorf("%d hosts archived", n)
		}
		for name, check := range map[string]func() error{
			"deactivate": func() error { return f.Deactivate(ctx, hash, false) },
			"statistics": func() error { _, err := f.Statistics(ctx, hash, false); return err },
			"torrent":    func() error { _, err := f.Torrent(ctx, "payload-1"); return err },
		} {
			if err := check(); !errors.Is(err, tracker.ErrNotFound) {
				t.Errorf("%s afterwards: %v", name, err)
			}
		}
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); h.Active {
			t.Error("announces find the transfer active")
		}
		f.MustAnnounce(t, storetest.AnnounceOf(storetest.Hash(9), "r1", 1)) // notes are written one after another
		storetest.Await(t, "the last note is written", func() bool {
			return slices.Contains(f.SetMembers(keys.Transfers), storetest.Hash(9).String())
		})
		storetest.Await(t, "the lists are empty, whatever notes came late", func() bool {
			return f.Card(keys.Archiving)+f.Card(keys.ActiveTransfers) == 0
		})
	})
}

// A wish that clients stop holds for announces only, with AUTO_REGISTER too, whenever it was
// made, until the transfer is registered again.
func TestDeactivateAndStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		for name, end := range map[string]func(tracker.InfoHash) error{
			"at its end": func(hash tracker.InfoHash) error { return f.Deactivate(ctx, hash, true) },
			"while it is archived": func(hash tracker.InfoHash) error {
				if err := f.Shut(ctx, hash); err != nil {
					return err
				}
				return f.Deactivate(ctx, hash, true)
			},
			"later": func(hash tracker.InfoHash) error {
				if err := f.Deactivate(ctx, hash, false); err != nil {
					return err
				}
				if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); h.Active {
					t.Error("active after its end")
				}
				return errors.Join(f.Deactivate(ctx, hash, true), f.Deactivate(ctx, hash, true))
			},
		} {
			hash := f.RegisterTransfer(t, 1)
			f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1))
			if err := end(hash); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for n := range 4 {
				a := storetest.AnnounceOf(hash, "r1", 1)
				a.Event, a.AutoRegister = tracker.Event(n), n%2 == 0
				if h, err := f.Announce(ctx, a); !errors.Is(err, tracker.ErrEnded) || h.Active {
					t.Errorf("%s: %+v, %v", name, h, err)
				}
			}
			if entries, err := f.Scrape(ctx, []tracker.InfoHash{hash}); err != nil || len(entries) != 0 {
				t.Errorf("%s: scrape %v, %v", name, entries, err)
			}
			if err := f.Deactivate(ctx, hash, false); !errors.Is(err, tracker.ErrNotFound) {
				t.Errorf("%s: again without the wish: %v", name, err)
			}
			if ttl, _ := f.Command("TTL", keys.Of(hash).Closed()).AsInt64(); ttl <= 0 || ttl > 3600 {
				t.Errorf("%s: the wish expires in %d s", name, ttl)
			}
			if left := f.Keys("{*"); len(left) != 1 || f.Card(keys.Archiving) != 0 {
				t.Errorf("%s: left %q", name, left)
			}
			f.RegisterTransfer(t, 1)
			if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); !h.Active {
				t.Errorf("%s: not active when it is registered again", name)
			}
			if err := f.Deactivate(ctx, hash, false); err != nil {
				t.Fatal(err)
			}
			if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); h.Active {
				t.Errorf("%s: active after a second end", name)
			}
		}
		if err := f.Deactivate(ctx, storetest.Hash(9), true); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("a transfer that never was: %v", err)
		}
	})
}

func TestDeactivateAndRegisterWithinASecond(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		for range 3 {
			hash := storetest.Populate(t, f, registry.ArchiveStep)
			if err := f.Deactivate(context.Background(), hash, false); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(f.Keys("*:" + keys.Of(storetest.Hash(1)).Registered())); n != 3 {
			t.Errorf("%d archives, expected 3", n)
		}
	})
}

// A frontend dies after the first step, or between two: announces find the
// transfer inactive all the while, and another frontend finishes the work.
func TestDeactivateIsResumed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		for steps := range 4 {
			hash := storetest.Populate(t, f, registry.ArchiveStep)
			if err := f.SetArchiving(ctx, hash); err != nil {
				t.Fatal(err)
			}
			if err := f.Shut(ctx, hash); err != nil {
				t.Fatal(err)
			}
			for range steps {
				if err := f.Move(ctx, hash); err != nil {
					t.Fatal(err)
				}
			}
			if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); h.Active {
				t.Errorf("active after %d steps", steps)
			}
			f.ResumeArchives(ctx)
			if left := f.Keys("{*"); len(left) != 1 || f.Card(keys.Archiving) != 0 {
				t.Errorf("after %d steps: left %q", steps, left)
			}
		}
	})
}

// Registering again while the archive is under way waits for its end.
func TestRegisterFinishesTheArchive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := storetest.Populate(t, f, registry.ArchiveStep)
		if err := f.Shut(ctx, hash); err != nil {
			t.Fatal(err)
		}
		f.RegisterTransfer(t, 1)
		stats, err := f.Statistics(ctx, hash, false)
		if err != nil || stats.Peers != 0 {
			t.Errorf("%+v, %v", stats, err)
		}
	})
}

// An entry that a crash left on the list must not end a transfer that is active
// again.
func TestResumeLeavesAnActiveTransferAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		if err := f.SetArchiving(context.Background(), hash); err != nil {
			t.Fatal(err)
		}
		f.ResumeArchives(context.Background())
		if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1)); !h.Active || f.Card(keys.Archiving) != 0 {
			t.Errorf("active %v, %d left on the list", h.Active, f.Card(keys.Archiving))
		}
	})
}

// TestWatchGoesOnMeanwhile: archives that were left over, so many that they take half a minute, keep
// nobody from noticing what becomes of Redis.
func TestWatchGoesOnMeanwhile(t *testing.T) {
	server := redistest.Start(t)
	raw := storetest.OpenRaw(t, storetest.Options(server.Addr))
	left := []string{"SADD", keys.Archiving}
	for n := range 100_000 {
		left = append(left, tracker.InfoHash{0: byte(n >> 16), 1: byte(n >> 8), 2: byte(n)}.String())
	}
	if err := raw.Do(t.Context(), raw.B().Arbitrary(left...).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	_, log := storetest.OpenLogged(t, storetest.Options(server.Addr))
	storetest.Await(t, "it is under way", func() bool {
		n, err := raw.Do(t.Context(), raw.B().Scard().Key(keys.Archiving).Build()).AsInt64()
		return err == nil && n < 99_000
	})
	if err := raw.Do(t.Context(), raw.B().Set().Key(keys.Schema).Value("99").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	storetest.Await(t, "another version is noticed", func() bool { return log.Count("another version") > 0 })
	if n, err := raw.Do(t.Context(), raw.B().Scard().Key(keys.Archiving).Build()).AsInt64(); err != nil || n == 0 {
		t.Errorf("all was archived before: %d, %v", n, err)
	}
}

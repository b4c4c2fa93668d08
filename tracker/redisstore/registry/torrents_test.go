package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

func TestTorrents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		a := tracker.Torrent{Name: "a", InfoHash: storetest.Hash(1), Length: storetest.Length, File: []byte("\x00bytes\xff")}
		for i, want := range []bool{true, false} {
			if created, err := f.AddTorrent(ctx, a); created != want || err != nil {
				t.Fatalf("upload %d: created %v, %v", i+1, created, err)
			}
		}
		for _, test := range []struct {
			torrent tracker.Torrent
			want    error
		}{
			{tracker.Torrent{Name: "a", InfoHash: storetest.Hash(2), File: a.File}, tracker.ErrNameTaken},
			{tracker.Torrent{Name: "b", InfoHash: storetest.Hash(1), File: a.File}, tracker.ErrHashTaken},
		} {
			if _, err := f.AddTorrent(ctx, test.torrent); !errors.Is(err, test.want) {
				t.Errorf("%v: %v, expected %v", test.torrent.Name, err, test.want)
			}
		}
		torrents, err := f.Torrents(ctx)
		if want := map[string]tracker.InfoHash{"a": storetest.Hash(1)}; err != nil || !maps.Equal(torrents, want) {
			t.Errorf("torrents %v, %v", torrents, err)
		}
		if file, err := f.Torrent(ctx, "a"); err != nil || !bytes.Equal(file, a.File) {
			t.Errorf("file %q, %v", file, err)
		}
		transfers, err := f.Transfers(ctx)
		if want := map[tracker.InfoHash]string{storetest.Hash(1): "a"}; err != nil || !maps.Equal(transfers, want) {
			t.Errorf("transfers %v, %v", transfers, err)
		}

		if err := f.RemoveTorrent(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Torrent(ctx, "a"); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("removed torrent: %v", err)
		}
		if err := f.RemoveTorrent(ctx, "a"); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("removed twice: %v", err)
		}
		if h := f.MustAnnounce(t, storetest.AnnounceOf(storetest.Hash(1), "r1", 1)); !h.Active {
			t.Error("the transfer went with its torrent")
		}
		// The file is gone, so the torrent may come back under another name.
		a.Name = "b"
		if _, err := f.AddTorrent(ctx, a); err != nil {
			t.Error(err)
		}
	})
}

func TestTorrentCompletesWhatACrashBrokeOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		a := tracker.Torrent{Name: "a", InfoHash: storetest.Hash(1), Length: storetest.Length, File: []byte("x")}
		f.Command("HSET", keys.Torrents, "a", a.InfoHash.String())
		if _, err := f.Torrent(context.Background(), "a"); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("a name without its file: %v", err)
		}
		if created, err := f.AddTorrent(context.Background(), a); !created || err != nil {
			t.Errorf("created %v, %v", created, err)
		}
	})
}

// TestTaken: who has a name, or a torrent, is told.
func TestTaken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		f.RegisterTransfer(t, 1)
		for _, test := range []struct {
			name string
			hash byte
			want tracker.TakenError
		}{
			{"other", 1, tracker.TakenError{Reason: tracker.ErrHashTaken, By: "payload-1"}},
			{"payload-1", 2, tracker.TakenError{Reason: tracker.ErrNameTaken, By: storetest.Hash(1).String()}},
		} {
			var taken tracker.TakenError
			torrent := tracker.Torrent{Name: test.name, InfoHash: storetest.Hash(test.hash), File: []byte("x")}
			if _, err := f.AddTorrent(context.Background(), torrent); !errors.As(err, &taken) || taken != test.want {
				t.Errorf("%v, want %v by %s", err, test.want, test.want.By)
			}
		}
		if names, err := f.Torrents(context.Background()); err != nil || len(names) != 1 {
			t.Errorf("names %v, %v", names, err)
		}
	})
}

// TestDigests: a file is another one as soon as a byte of it is, also if an earlier version kept it.
func TestDigests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := storetest.Hash(1)
		keys := keys.Of(hash)
		add := func(file string) tracker.TorrentFile {
			t.Helper()
			if _, err := f.AddTorrent(ctx, tracker.Torrent{Name: "a", InfoHash: hash, File: []byte(file)}); err != nil {
				t.Fatal(err)
			}
			if got, err := f.Torrent(ctx, "a"); err != nil || string(got) != file {
				t.Fatalf("%q, %v, want %q", got, err, file)
			}
			id, err := f.Store.Torrent(ctx, "a")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		first, second, again := add("one"), add("two"), add("one")
		if first != again || first.Digest == second.Digest || first.Size != 3 || first.InfoHash != hash {
			t.Errorf("%v, %v, %v", first, second, again)
		}
		f.Command("DEL", keys.Digest())
		if got, err := f.Torrent(ctx, "a"); err != nil || string(got) != "one" {
			t.Errorf("without a digest: %q, %v", got, err)
		}
		if id, err := f.Store.Torrent(ctx, "a"); err != nil || id.Digest == "" || id.Digest == first.Digest {
			t.Errorf("without a digest: %v, %v", id, err)
		}
		add("two")
		if err := f.RemoveTorrent(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if left := f.Keys("*" + keys.Digest()); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		add("one")
		if err := f.Deactivate(ctx, hash, false); err != nil {
			t.Fatal(err)
		}
		if kept := f.Keys("*" + keys.Digest()); len(kept) != 1 || kept[0] == keys.Digest() {
			t.Errorf("archived: %v", kept)
		}
	})
}

func TestStatistics(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := f.RegisterTransfer(t, 1)
		for n, left := range []uint64{0, 500, 1000, tracker.LeftUnknown} {
			a := storetest.AnnounceOf(hash, "r1", n)
			if n == 3 {
				a.Location = "r2"
			}
			a.Left = left
			f.MustAnnounce(t, a)
		}
		stats, err := f.Statistics(ctx, hash, true)
		if err != nil {
			t.Fatal(err)
		}
		if stats.Peers != 4 || stats.Seeders != 1 || stats.Leechers != 3 || stats.Length != storetest.Length ||
			stats.FirstStarted != f.Now() || !stats.FirstCompleted.IsZero() || stats.Progress.Complete() {
			t.Errorf("%+v", stats)
		}
		if got := tracker.Percent(stats.Progress.Share(stats.Length)); got != "37.50%" {
			t.Errorf("progress %s, expected 1.5 of 4 hosts", got)
		}
		r1, r2 := stats.Racks["r1"], stats.Racks["r2"]
		if len(stats.Racks) != 2 || r1.Peers != 3 || r1.Representatives != 2 || r1.Seeders != 1 || r2.Peers != 1 {
			t.Errorf("racks %+v", stats.Racks)
		}

		f.Advance(1000e9)
		for n := range 4 { // all complete, and quit
			a := storetest.AnnounceOf(hash, "r1", n)
			if n == 3 {
				a.Location = "r2"
			}
			a.Left, a.Event = 0, tracker.EventStopped
			f.MustAnnounce(t, a)
		}
		stats, err = f.Statistics(ctx, hash, false)
		if err != nil || !stats.Progress.Complete() || stats.Peers != 4 || stats.Seeders != 0 || stats.FirstCompleted != f.Now() ||
			stats.Racks != nil {
			t.Errorf("%+v, %v", stats, err)
		}
		if _, err := f.Statistics(ctx, storetest.Hash(9), false); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("unknown transfer: %v", err)
		}
	})
}

func TestMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		hash := f.RegisterTransfer(t, 1)
		const hosts, racks = 1200, 30
		storetest.InParallel(hosts, func(n int) {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("dc%d/r%d", n%2, n%racks)), n))
		})
		for rack, share := range map[tracker.Location]int{"": racks, "dc1": racks / 2, "dc1/r7": 1, "dc": 0, "dc1/r": 0, "r7": 0} {
			for set, want := range map[tracker.Set]int{
				tracker.SetPeers: share * hosts / racks, tracker.SetLeechers: share * hosts / racks, tracker.SetSeeders: 0,
				tracker.SetRepresentatives: share * storetest.Rules.MaxReprRack, tracker.SetRacks: share,
			} {
				if got := allMembers(f, t, hash, set, rack, 500); len(got) != want {
					t.Errorf("set %d within %q has %d members, expected %d", set, rack, len(got), want)
				}
			}
		}
		var fault tracker.ClientError
		if _, err := f.Members(ctx, hash, tracker.SetPeers, "", "x", 10); !errors.As(err, &fault) {
			t.Errorf("bad cursor: %v", err)
		}
		if _, err := f.Members(ctx, storetest.Hash(9), tracker.SetPeers, "dc1", "", 10); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("unknown transfer: %v", err)
		}
	})
}

// allMembers walks through all pages of a list.
func allMembers(f *storetest.Fixture, t *testing.T, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, limit int) map[string]bool {
	t.Helper()
	seen, cursor := map[string]bool{}, ""
	for range 100 {
		page, err := f.Members(context.Background(), hash, set, rack, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page.Entries {
			seen[entry] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	return seen
}

// TestMembersOfARackAfterAMove: a host is where it announced last.
func TestMembersOfARackAfterAMove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		for _, rack := range []tracker.Location{"r1", "r2"} {
			f.MustAnnounce(t, storetest.AnnounceOf(hash, rack, 1))
		}
		before, after := allMembers(f, t, hash, tracker.SetPeers, "r1", 10), allMembers(f, t, hash, tracker.SetPeers, "r2", 10)
		if len(before) != 0 || len(after) != 1 {
			t.Errorf("in the rack it left %v, in its rack %v", before, after)
		}
	})
}

func TestScrape(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx := context.Background()
		first, second := f.RegisterTransfer(t, 1), f.RegisterTransfer(t, 2)
		f.MustAnnounce(t, storetest.AnnounceOf(first, "r1", 1))
		paused := storetest.AnnounceOf(first, "r1", 2)
		paused.Event = tracker.EventPaused
		f.MustAnnounce(t, paused)
		entries, err := f.Scrape(ctx, []tracker.InfoHash{first, storetest.Hash(9), second})
		if err != nil || len(entries) != 2 || entries[1] != (tracker.ScrapeEntry{InfoHash: second}) ||
			entries[0] != (tracker.ScrapeEntry{InfoHash: first, Incomplete: 2, Downloaders: 1}) {
			t.Errorf("%+v, %v", entries, err)
		}
		if all, err := f.Scrape(ctx, nil); err != nil || len(all) != 2 {
			t.Errorf("everything: %+v, %v", all, err)
		}
	})
}

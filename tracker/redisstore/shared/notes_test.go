package shared_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

func TestNotesOfAHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		hash := f.RegisterTransfer(t, 1)
		f.MustAnnounce(t, storetest.AnnounceOf(hash, "dc1/r1", 1))
		storetest.Await(t, "the host is noted", func() bool {
			return slices.Equal(f.SetMembers(keys.RackHosts("dc1/r1")), []string{"10.0.0.1"}) &&
				slices.Equal(f.SetMembers(keys.Racks), []string{"dc1/r1"})
		})
		// Redis lost it, and the host joins again: noted again, known or not.
		for _, key := range []string{keys.Racks, keys.RackHosts("dc1/r1")} {
			f.Command("DEL", key)
		}
		f.Advance(storetest.Rules.PeerTTL)
		f.MustAnnounce(t, storetest.AnnounceOf(hash, "dc1/r1", 1))
		storetest.Await(t, "the host is noted again", func() bool { return f.Card(keys.Racks) == 1 })
		// Another frontend notes a host that has long been live.
		f.Command("DEL", keys.Racks)
		other := storetest.Open(t, f.Opts)
		if _, err := other.Announce(context.Background(), storetest.AnnounceOf(hash, "dc1/r1", 1)); err != nil {
			t.Fatal(err)
		}
		storetest.Await(t, "another frontend notes it", func() bool { return f.Card(keys.Racks) == 1 })
	})
}

func TestStrangersAreBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		registered := f.RegisterTransfer(t, 1)
		notes := shared.NewNotes(storetest.OpenClient(t, f.Opts), slog.New(slog.DiscardHandler))
		for n := range shared.StrangersMax + 50 {
			hash := tracker.InfoHash{0xff, byte(n >> 8), byte(n)}
			if err := notes.NoteStranger(context.Background(), hash); err != nil {
				t.Fatal(err)
			}
		}
		if n := f.Card(keys.Transfers); n != shared.StrangersMax+1 {
			t.Errorf("%d hashes kept, expected %d and the registered one", n, shared.StrangersMax)
		}
		if n, _ := f.Command("ZCARD", keys.Unregistered).AsInt64(); n != shared.StrangersMax {
			t.Errorf("%d strangers kept", n)
		}
		// Too old: gone with the next one.
		old := tracker.InfoHash{0xfe}.String()
		f.Command("SADD", keys.Transfers, old)
		f.Command("ZADD", keys.Unregistered, "1", old)
		f.Command("ZREMRANGEBYRANK", keys.Unregistered, "1", "10")
		if err := notes.NoteStranger(context.Background(), tracker.InfoHash{0xfd}); err != nil {
			t.Fatal(err)
		}
		if kept := f.SetMembers(keys.Transfers); slices.Contains(kept, old) || !slices.Contains(kept, registered.String()) {
			t.Error("the old stranger was kept, or the registered transfer dropped")
		}
		// A stranger that is registered is none any more.
		stranger := tracker.Torrent{Name: "s", InfoHash: tracker.InfoHash{0xfd}, Length: 1, File: []byte("x")}
		if _, err := f.AddTorrent(context.Background(), stranger); err != nil {
			t.Fatal(err)
		}
		if err := f.Command("ZSCORE", keys.Unregistered, stranger.InfoHash.String()).Error(); err == nil {
			t.Error("a registered transfer is still on the strangers' list")
		}
	})
}

func TestStrangersAreNotedByAnnounces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		for n := range 20 {
			f.MustAnnounce(t, storetest.AnnounceOf(storetest.Hash(byte(n)), "r1", 1))
		}
		storetest.Await(t, "they are noted", func() bool { return f.Card(keys.Transfers) == 20 })
		if keys := f.Keys("*{*"); len(keys) != 0 {
			t.Errorf("left behind: %s", fmt.Sprint(keys))
		}
	})
}

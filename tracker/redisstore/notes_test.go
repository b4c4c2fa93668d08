package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

func TestNotesOfAHost(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		hash := f.registerTransfer(t, 1)
		f.announce(t, announceOf(hash, "dc1/r1", 1))
		await(t, "the host is noted", func() bool {
			return slices.Equal(f.members(keys.RackHosts("dc1/r1")), []string{"10.0.0.1"}) &&
				slices.Equal(f.members(keys.Racks), []string{"dc1/r1"})
		})
		// Redis lost it, and the host joins again: noted again, known or not.
		for _, key := range []string{keys.Racks, keys.RackHosts("dc1/r1")} {
			f.command("DEL", key)
		}
		f.Advance(testRules.PeerTTL)
		f.announce(t, announceOf(hash, "dc1/r1", 1))
		await(t, "the host is noted again", func() bool { return f.card(keys.Racks) == 1 })
		// Another frontend notes a host that has long been live.
		f.command("DEL", keys.Racks)
		other := openStore(t, f.opts)
		if _, err := other.Announce(context.Background(), announceOf(hash, "dc1/r1", 1)); err != nil {
			t.Fatal(err)
		}
		await(t, "another frontend notes it", func() bool { return f.card(keys.Racks) == 1 })
	})
}

func TestStrangersAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		registered := f.registerTransfer(t, 1)
		for n := range strangersMax + 50 {
			hash := tracker.InfoHash{0xff, byte(n >> 8), byte(n)}
			if err := f.noteStranger(context.Background(), hash); err != nil {
				t.Fatal(err)
			}
		}
		if n := f.card(keys.Transfers); n != strangersMax+1 {
			t.Errorf("%d hashes kept, expected %d and the registered one", n, strangersMax)
		}
		if n, _ := f.command("ZCARD", keys.Unregistered).AsInt64(); n != strangersMax {
			t.Errorf("%d strangers kept", n)
		}
		// Too old: gone with the next one.
		old := tracker.InfoHash{0xfe}.String()
		f.command("SADD", keys.Transfers, old)
		f.command("ZADD", keys.Unregistered, "1", old)
		f.command("ZREMRANGEBYRANK", keys.Unregistered, "1", "10")
		if err := f.noteStranger(context.Background(), tracker.InfoHash{0xfd}); err != nil {
			t.Fatal(err)
		}
		if kept := f.members(keys.Transfers); slices.Contains(kept, old) || !slices.Contains(kept, registered.String()) {
			t.Error("the old stranger was kept, or the registered transfer dropped")
		}
		// A stranger that is registered is none any more.
		stranger := tracker.Torrent{Name: "s", InfoHash: tracker.InfoHash{0xfd}, Length: 1, File: []byte("x")}
		if _, err := f.AddTorrent(context.Background(), stranger); err != nil {
			t.Fatal(err)
		}
		if err := f.command("ZSCORE", keys.Unregistered, stranger.InfoHash.String()).Error(); err == nil {
			t.Error("a registered transfer is still on the strangers' list")
		}
	})
}

func TestStrangersAreNotedByAnnounces(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		for n := range 20 {
			f.announce(t, announceOf(testHash(byte(n)), "r1", 1))
		}
		await(t, "they are noted", func() bool { return f.card(keys.Transfers) == 20 })
		if keys := f.keys("*{*"); len(keys) != 0 {
			t.Errorf("left behind: %s", fmt.Sprint(keys))
		}
	})
}

// TestNoteIsKnownBeforeItIsWritten: whoever writes it takes that back if he fails, and it would be
// known for an hour if that came first.
func TestNoteIsKnownBeforeItIsWritten(t *testing.T) {
	s := &Store{notes: newNotebook()}
	const notes = 20_000
	unknown := make(chan int)
	go func() {
		n := 0
		for range notes {
			if _, known := s.notes.known.GetIfPresent(<-s.notes.pending); !known {
				n++
			}
		}
		unknown <- n
	}()
	for n := range notes {
		for len(s.notes.pending) > 0 { // the writer is waiting
			runtime.Gosched()
		}
		a := tracker.Announce{AnnounceRequest: tracker.AnnounceRequest{InfoHash: tracker.InfoHash{byte(n >> 8), byte(n)}}}
		s.note(a, false, false)
	}
	if n := <-unknown; n > 0 {
		t.Errorf("%d of %d notes were to be written before they were known", n, notes)
	}
}

// A note that fails, or finds no room, is not taken for written.
func TestNoteThatFails(t *testing.T) {
	s := Open(testOptions("127.0.0.1:1"), slog.New(slog.DiscardHandler)) // nothing can be written
	defer s.Close()
	key := func(n int) noteKey { return noteKey{hash: tracker.InfoHash{byte(n >> 8), byte(n)}} }
	const notes = 3 * notesPending
	for n := range notes {
		s.note(tracker.Announce{AnnounceRequest: tracker.AnnounceRequest{InfoHash: key(n).hash}}, false, false)
	}
	await(t, "no note is known", func() bool {
		for n := range notes {
			if _, known := s.notes.known.GetIfPresent(key(n)); known {
				return false
			}
		}
		return true
	})
}

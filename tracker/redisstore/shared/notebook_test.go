package shared

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// TestNoteIsKnownBeforeItIsWritten: whoever writes it takes that back if he fails, and it would be
// known for an hour if that came first.
func TestNoteIsKnownBeforeItIsWritten(t *testing.T) {
	s := NewNotes(nil, nil)
	const notes = 20_000
	unknown := make(chan int)
	go func() {
		n := 0
		for range notes {
			if _, known := s.known.GetIfPresent(<-s.pending); !known {
				n++
			}
		}
		unknown <- n
	}()
	for n := range notes {
		for len(s.pending) > 0 { // the writer is waiting
			runtime.Gosched()
		}
		a := tracker.Announce{AnnounceRequest: tracker.AnnounceRequest{InfoHash: tracker.InfoHash{byte(n >> 8), byte(n)}}}
		s.Note(a, false, false)
	}
	if n := <-unknown; n > 0 {
		t.Errorf("%d of %d notes were to be written before they were known", n, notes)
	}
}

// A note that fails, or finds no room, is not taken for written.
func TestNoteThatFails(t *testing.T) {
	redis := client.Open(client.Options{Addr: "127.0.0.1:1", Timeout: time.Minute}, slog.New(slog.DiscardHandler))
	defer redis.Close() // nothing can be written
	s := NewNotes(redis.Announces(), slog.New(slog.DiscardHandler))
	go s.Write(t.Context())
	key := func(n int) noteKey { return noteKey{hash: tracker.InfoHash{byte(n >> 8), byte(n)}} }
	const notes = 3 * notesPending
	for n := range notes {
		s.Note(tracker.Announce{AnnounceRequest: tracker.AnnounceRequest{InfoHash: key(n).hash}}, false, false)
	}
	isKnown := func() bool {
		for n := range notes {
			if _, known := s.known.GetIfPresent(key(n)); known {
				return true
			}
		}
		return false
	}
	for range 1000 {
		if !isKnown() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a note is known")
}

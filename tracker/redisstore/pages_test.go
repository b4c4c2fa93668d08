package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// TestReadPage walks through keys of any size whose scans return as much as they like: every entry
// comes once, in pages that are bounded, whatever is left out.
func TestReadPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		atOnce := max(limit, rapid.IntRange(1, 30).Draw(t, "atOnce"))
		var scans [][]int // what each cursor of Redis returns
		var all []int
		for range rapid.IntRange(1, 10).Draw(t, "scans") {
			var entries []int
			for range rapid.IntRange(0, 3*atOnce).Draw(t, "size") {
				entries = append(entries, len(all))
				all = append(all, len(all))
			}
			scans = append(scans, entries)
		}
		scan := func(cursor uint64, count int) ([]int, uint64, error) {
			if count != atOnce {
				t.Fatalf("asked for %d, want %d", count, atOnce)
			}
			return scans[cursor], (cursor + 1) % uint64(len(scans)), nil
		}
		var seen []int
		for cursor, pages := "", 0; ; pages++ {
			page, next, err := readPage(cursor, limit, atOnce, scan)
			if err != nil || len(page) > 2*limit {
				t.Fatalf("a page of %d, %v", len(page), err)
			}
			seen = append(seen, page...)
			if cursor = next; cursor == "" {
				break
			}
			if pages > len(all)+len(scans) {
				t.Fatalf("no end")
			}
		}
		if !slices.Equal(seen, all) {
			t.Fatalf("saw %v of %v", seen, all)
		}
	})
}

func TestCursors(t *testing.T) {
	for _, text := range []string{"x", "-", "1-", "-1", "1-x", "1--1", "1-99999999999", "18446744073709551616", " 1", "1-1-1"} {
		var fault tracker.ClientError
		if _, _, err := parseCursor(text); !errors.As(err, &fault) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPagesOfManyTransfers: the lists of everything, and of a transfer's racks, come in pages.
func TestPagesOfManyTransfers(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		const n, limit = 600, 50 // Redis keeps a hash of up to 512 in one piece
		ctx := context.Background()
		inParallel(n, func(i int) {
			torrent := tracker.Torrent{Name: fmt.Sprint(i), InfoHash: tracker.InfoHash{byte(i >> 8), byte(i)}, Length: 1, File: []byte("x")}
			if _, err := f.AddTorrent(ctx, torrent); err != nil {
				t.Error(err)
			}
			f.announce(t, announceOf(tracker.InfoHash{}, tracker.Location(fmt.Sprintf("dc%d/r%d", i%2, i)), i))
		})
		seen, most := map[string]bool{}, 0
		page := func(next string, size int, err error) (string, error) {
			most = max(most, size)
			return next, err
		}
		walk := func(want int, read func(cursor string) (string, error)) {
			t.Helper()
			clear(seen)
			if err := eachPage(read); err != nil || len(seen) != want || most > 2*limit {
				t.Errorf("saw %d of %d, in pages of up to %d: %v", len(seen), want, most, err)
			}
		}
		walk(n, func(cursor string) (string, error) {
			p, err := f.Store.Torrents(ctx, cursor, limit)
			for name, hash := range p.Torrents {
				seen[name+hash.String()] = true
			}
			return page(p.Next, len(p.Torrents), err)
		})
		walk(n, func(cursor string) (string, error) {
			p, err := f.Store.Transfers(ctx, cursor, limit)
			for hash, name := range p.Transfers {
				seen[name+hash.String()] = true
			}
			return page(p.Next, len(p.Transfers), err)
		})
		for rack, want := range map[tracker.Location]int{"": n, "dc1": n / 2, "dc0/r2": 1, "dc2": 0} {
			walk(want, func(cursor string) (string, error) {
				p, err := f.Racks(ctx, tracker.InfoHash{}, rack, cursor, limit)
				for name, r := range p.Racks {
					seen[string(name)] = r.Peers == 1
				}
				return page(p.Next, len(p.Racks), err)
			})
		}
		if _, err := f.Racks(ctx, testHash(9), "", "", limit); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("unknown transfer: %v", err)
		}
	})
}

package registry

import (
	"errors"
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

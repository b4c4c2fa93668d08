package registry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// TestPagesOfManyTransfers: the lists of everything, and of a transfer's racks, come in pages.
func TestPagesOfManyTransfers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		const n, limit = 600, 50 // Redis keeps a hash of up to 512 in one piece
		ctx := context.Background()
		storetest.InParallel(n, func(i int) {
			torrent := tracker.Torrent{Name: fmt.Sprint(i), InfoHash: tracker.InfoHash{byte(i >> 8), byte(i)}, Length: 1, File: []byte("x")}
			if _, err := f.AddTorrent(ctx, torrent); err != nil {
				t.Error(err)
			}
			f.MustAnnounce(t, storetest.AnnounceOf(tracker.InfoHash{}, tracker.Location(fmt.Sprintf("dc%d/r%d", i%2, i)), i))
		})
		seen, most := map[string]bool{}, 0
		page := func(next string, size int, err error) (string, error) {
			most = max(most, size)
			return next, err
		}
		walk := func(want int, read func(cursor string) (string, error)) {
			t.Helper()
			clear(seen)
			if err := storetest.EachPage(read); err != nil || len(seen) != want || most > 2*limit {
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
		if _, err := f.Racks(ctx, storetest.Hash(9), "", "", limit); !errors.Is(err, tracker.ErrNotFound) {
			t.Errorf("unknown transfer: %v", err)
		}
	})
}

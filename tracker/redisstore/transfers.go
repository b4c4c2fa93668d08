package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Transfers returns the name of each active transfer's torrent; a transfer
// that nobody registered has none.
func (s *Store) Transfers(ctx context.Context) (map[tracker.InfoHash]string, error) {
	hashes, err := s.hashes(ctx, keyActiveTransfers)
	if err != nil {
		return nil, err
	}
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := make([]rueidis.Completed, 0, len(hashes))
		for _, hash := range hashes {
			k := keysOf(hash)
			commands = append(commands, b.Mget().Key(k.registered(), k.name()).Build())
		}
		return commands
	})
	if err != nil {
		return nil, err
	}
	transfers := make(map[tracker.InfoHash]string, len(hashes))
	for i, hash := range hashes {
		values, err := results[i].AsStrSlice()
		if err != nil || len(values) != 2 {
			return nil, fmt.Errorf("transfer %s: %d values: %w", hash, len(values), err)
		}
		if values[0] != "" { // else a late note put a closed one on the list
			transfers[hash] = values[1]
		}
	}
	return transfers, nil
}

// sets are the keys of a transfer's lists.
var sets = map[tracker.Set]func(transferKeys) string{
	tracker.SetPeers:           transferKeys.peers,
	tracker.SetSeeders:         transferKeys.seeders,
	tracker.SetLeechers:        transferKeys.leechers,
	tracker.SetRepresentatives: transferKeys.representatives,
	tracker.SetRacks:           transferKeys.racks,
}

// Members returns a page of one of a transfer's lists. A transfer that is not
// active is tracker.ErrNotFound.
func (s *Store) Members(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, cursor string, limit int,
) (tracker.Page, error) {
	position := uint64(0)
	if cursor != "" {
		var err error
		if position, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return tracker.Page{}, tracker.ClientError("cursor is not one of ours")
		}
	}
	k := keysOf(hash)
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Get().Key(k.registered()).Build(),
			b.Sscan().Key(sets[set](k)).Cursor(position).Count(int64(limit)).Build(),
		}
	})
	if err != nil {
		return tracker.Page{}, err
	}
	if err := results[0].Error(); err != nil {
		return tracker.Page{}, notFound(err)
	}
	scan, err := results[1].AsScanEntry()
	if err != nil {
		return tracker.Page{}, fmt.Errorf("scan: %w", err)
	}
	page := tracker.Page{Entries: scan.Elements}
	if scan.Cursor != 0 {
		page.Next = strconv.FormatUint(scan.Cursor, 10)
	}
	return page, nil
}

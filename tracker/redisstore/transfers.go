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

// scanAtOnce is how many entries are looked at together for those of a rack, and scanAtMost bounds
// what a page costs: one that has fewer entries than asked for has a cursor of its own.
const (
	scanAtOnce = 1_000
	scanAtMost = 50 * scanAtOnce
)

// Members returns a page of one of a transfer's lists, of those within a rack or a group of racks
// if one is given. A transfer that is not active is tracker.ErrNotFound.
func (s *Store) Members(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, cursor string, limit int,
) (tracker.Page, error) {
	position := uint64(0)
	if cursor != "" {
		var err error
		if position, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return tracker.Page{}, tracker.ClientError("cursor is not one of ours")
		}
	}
	atOnce := limit
	if rack != "" {
		atOnce = max(limit, scanAtOnce)
	}
	page := tracker.Page{}
	for seen := 0; ; {
		scan, err := s.scan(ctx, hash, set, position, atOnce)
		if err != nil {
			return tracker.Page{}, err
		}
		entries, err := s.within(ctx, hash, set, rack, scan.Elements)
		if err != nil {
			return tracker.Page{}, err
		}
		page.Entries = append(page.Entries, entries...)
		if position = scan.Cursor; position == 0 {
			return page, nil
		}
		if seen += atOnce; rack == "" || len(page.Entries) >= limit || seen >= scanAtMost {
			page.Next = strconv.FormatUint(position, 10)
			return page, nil
		}
	}
}

// scan reads about count entries of a list of an active transfer.
func (s *Store) scan(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, cursor uint64, count int,
) (rueidis.ScanEntry, error) {
	k := keysOf(hash)
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Get().Key(k.registered()).Build(),
			b.Sscan().Key(sets[set](k)).Cursor(cursor).Count(int64(count)).Build(),
		}
	})
	if err != nil {
		return rueidis.ScanEntry{}, err
	}
	if err := results[0].Error(); err != nil {
		return rueidis.ScanEntry{}, notFound(err)
	}
	entry, err := results[1].AsScanEntry()
	if err != nil {
		return entry, fmt.Errorf("scan: %w", err)
	}
	return entry, nil
}

// within returns the entries of a list that are within a rack or group: a host is where its record says.
func (s *Store) within(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, entries []string,
) ([]string, error) {
	if rack == "" || len(entries) == 0 {
		return entries, nil
	}
	racks := entries
	if set != tracker.SetRacks {
		results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
			commands := make([]rueidis.Completed, 0, len(entries))
			for _, entry := range entries {
				commands = append(commands, b.Hget().Key(keysOf(hash).record(entry)).Field("rack").Build())
			}
			return commands
		})
		if err != nil {
			return nil, err
		}
		racks = make([]string, len(entries))
		for i, result := range results {
			racks[i], _ = result.ToString() // none: the host is just being forgotten
		}
	}
	var found []string
	for i, entry := range entries {
		if tracker.Location(racks[i]).Within(rack) {
			found = append(found, entry)
		}
	}
	return found, nil
}

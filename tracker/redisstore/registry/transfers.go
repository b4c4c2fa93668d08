package registry

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Transfers returns a page of the active transfers, each with the name of its torrent; a transfer
// that nobody registered has none.
func (s *Registry) Transfers(ctx context.Context, cursor string, limit int) (tracker.TransferPage, error) {
	page := tracker.TransferPage{Transfers: map[tracker.InfoHash]string{}}
	hashes, next, err := readPage(cursor, limit, limit, func(cursor uint64, count int) ([]string, uint64, error) {
		scan, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Sscan().Key(keys.ActiveTransfers).Cursor(cursor).Count(int64(count)).Build()
		}).AsScanEntry()
		return scan.Elements, scan.Cursor, client.MapError(err)
	})
	if err != nil || len(hashes) == 0 {
		return page, err
	}
	page.Next = next
	results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := make([]rueidis.Completed, 0, len(hashes))
		for _, hash := range hashes {
			k := keys.Transfer("{" + hash + "}")
			commands = append(commands, b.Mget().Key(k.Registered(), k.Name()).Build())
		}
		return commands
	})
	if err != nil {
		return page, err
	}
	for i, digits := range hashes {
		hash, err := tracker.ParseInfoHash(digits)
		if err != nil {
			return page, fmt.Errorf("set %s: %q is no info hash", keys.ActiveTransfers, digits) // no client's fault
		}
		values, err := results[i].AsStrSlice()
		if err != nil || len(values) != 2 {
			return page, fmt.Errorf("transfer %s: %d values: %w", hash, len(values), err)
		}
		if values[0] != "" { // else a late note put a closed one on the list
			page.Transfers[hash] = values[1]
		}
	}
	return page, nil
}

// sets are the keys of a transfer's lists.
var sets = map[tracker.Set]func(keys.Transfer) string{
	tracker.SetPeers:           keys.Transfer.Peers,
	tracker.SetSeeders:         keys.Transfer.Seeders,
	tracker.SetLeechers:        keys.Transfer.Leechers,
	tracker.SetRepresentatives: keys.Transfer.Representatives,
	tracker.SetRacks:           keys.Transfer.Racks,
}

// Members returns a page of one of a transfer's lists, of those within a rack or a group of racks
// if one is given. A transfer that is not active is tracker.ErrNotFound.
func (s *Registry) Members(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, cursor string, limit int,
) (tracker.Page, error) {
	atOnce := limit
	if rack != "" {
		atOnce = max(limit, scanAtOnce)
	}
	entries, next, err := readPage(cursor, limit, atOnce, func(cursor uint64, count int) ([]string, uint64, error) {
		scan, err := s.scan(ctx, hash, set, cursor, count)
		if err != nil {
			return nil, 0, err
		}
		entries, err := s.within(ctx, hash, set, rack, scan.Elements)
		return entries, scan.Cursor, err
	})
	return tracker.Page{Entries: entries, Next: next}, err
}

// scan reads about count entries of a list of an active transfer.
func (s *Registry) scan(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, cursor uint64, count int,
) (rueidis.ScanEntry, error) {
	k := keys.Of(hash)
	results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Get().Key(k.Registered()).Build(),
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
func (s *Registry) within(
	ctx context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, entries []string,
) ([]string, error) {
	if rack == "" || len(entries) == 0 {
		return entries, nil
	}
	racks := entries
	if set != tracker.SetRacks {
		results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
			commands := make([]rueidis.Completed, 0, len(entries))
			for _, entry := range entries {
				commands = append(commands, b.Hget().Key(keys.Of(hash).Record(entry)).Field("rack").Build())
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

package registry

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var statisticsScript = client.NewScript("statistics")

// Statistics tells how far a transfer is, from running sums. A transfer that is not active is
// tracker.ErrNotFound.
func (s *Registry) Statistics(ctx context.Context, hash tracker.InfoHash) (tracker.Statistics, error) {
	stats, due, err := s.statistics(ctx, hash)
	if err == nil && due {
		if err = s.swarm.Sweep(ctx, hash, s.opts.PeerTTL); err == nil {
			stats, _, err = s.statistics(ctx, hash)
		}
	}
	return stats, err
}

// statistics also returns whether there may be hosts that should have gone already.
func (s *Registry) statistics(ctx context.Context, hash tracker.InfoHash) (stats tracker.Statistics, due bool, err error) {
	r, err := s.redis.Run(ctx, statisticsScript, s.statisticsCall(hash), statisticsValues)
	if err != nil {
		return stats, false, err
	}
	if r.Status == 0 {
		return stats, false, tracker.ErrNotFound
	}
	if stats, due, err = readStatistics(r); err != nil {
		err = fmt.Errorf("script statistics: %w", err)
	}
	return stats, due, err
}

func (s *Registry) statisticsCall(hash tracker.InfoHash) client.Call {
	k := keys.Of(hash)
	return client.Call{Args: []string{s.redis.Now(), client.Seconds(s.opts.PeerTTL)}, Keys: []string{
		k.Registered(), k.Length(), k.FirstStarted(), k.LastStarted(), k.FirstCompleted(), k.LastCompleted(),
		k.Peers(), k.Seeders(), k.Leechers(), k.Paused(), k.Progress(), k.Name(), k.Summary(),
	}}
}

const statisticsValues = 7 // behind the status

func readStatistics(r client.Reply) (stats tracker.Statistics, due bool, err error) {
	stats.Active = true
	n, err := r.Ints(5)
	if err != nil {
		return stats, false, err
	}
	stats.Peers, stats.Seeders, stats.Leechers, stats.Paused = n[0], n[1], n[2], n[3]
	due = n[4] == 1

	values, err := r.Values[5].AsStrSlice()
	if err != nil || len(values) != 7 {
		return stats, false, fmt.Errorf("%d values: %w", len(values), err)
	}
	stats.Name = values[6]
	if values[0] != "" {
		if stats.Length, err = strconv.ParseUint(values[0], 10, 64); err != nil {
			return stats, false, fmt.Errorf("length: %w", err)
		}
	}
	dates := []*time.Time{&stats.FirstStarted, &stats.LastStarted, &stats.FirstCompleted, &stats.LastCompleted, &stats.Registered}
	for i, date := range dates {
		if text := values[1+i]; text != "" {
			if *date, err = time.Parse(time.RFC3339, text); err != nil {
				return stats, false, fmt.Errorf("date: %w", err)
			}
		}
	}

	sums, err := r.Values[6].AsIntMap()
	if err != nil {
		return stats, false, fmt.Errorf("progress: %w", err)
	}
	stats.Progress = readProgress(sums)
	return stats, due, nil
}

// readProgress reads a hash of sums.
func readProgress(sums map[string]int64) tracker.Progress {
	return tracker.Progress{
		Hosts: int(sums["hosts"]), Seeded: int(sums["seeded"]), Done: int(sums["done"]), Unknown: int(sums["unknown"]), Left: uint64(sums["left"]),
	}
}

// racksAtOnce bounds what one look at the racks sends together.
const racksAtOnce = 500

// Racks returns a page of a transfer's racks, or of those in a group, with the share of each. A
// transfer that is not active is tracker.ErrNotFound.
func (s *Registry) Racks(
	ctx context.Context, hash tracker.InfoHash, rack tracker.Location, cursor string, limit int,
) (tracker.RackPage, error) {
	names, err := s.Members(ctx, hash, tracker.SetRacks, rack, cursor, limit)
	if err != nil {
		return tracker.RackPage{}, err
	}
	k := keys.Of(hash)
	page := tracker.RackPage{Racks: make(map[tracker.Location]tracker.RackStatistics, len(names.Entries)), Next: names.Next}
	for part := range slices.Chunk(names.Entries, racksAtOnce) {
		results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
			commands := make([]rueidis.Completed, 0, 4*len(part))
			for _, name := range part {
				rack := tracker.Location(name)
				commands = append(commands,
					b.Scard().Key(k.RackPeers(rack)).Build(),
					b.Scard().Key(k.RackRepresentatives(rack)).Build(),
					b.Scard().Key(k.RackSeeders(rack)).Build(),
					b.Hgetall().Key(k.RackProgress(rack)).Build())
			}
			return commands
		})
		if err != nil {
			return tracker.RackPage{}, err
		}
		for i, rack := range part {
			r, err := readRack(results[4*i : 4*i+4])
			if err != nil {
				return tracker.RackPage{}, fmt.Errorf("rack %s: %w", rack, err)
			}
			if r.Progress.Hosts > 0 { // else all its hosts have moved elsewhere
				page.Racks[tracker.Location(rack)] = r
			}
		}
	}
	return page, nil
}

func readRack(results []rueidis.RedisResult) (tracker.RackStatistics, error) {
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = results[i].AsInt64(); err != nil {
			return tracker.RackStatistics{}, err
		}
	}
	sums, err := results[3].AsIntMap()
	return tracker.RackStatistics{
		Peers: int(n[0]), Representatives: int(n[1]), Seeders: int(n[2]), Progress: readProgress(sums),
	}, err
}

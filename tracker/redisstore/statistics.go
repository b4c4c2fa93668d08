package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Statistics tells how far a transfer is, each rack too if asked for. Its cost
// grows with the number of racks, not of hosts. A transfer that is not active
// is tracker.ErrNotFound.
func (s *Store) Statistics(ctx context.Context, hash tracker.InfoHash, racks bool) (tracker.Statistics, error) {
	r, err := s.run(ctx, statisticsScript, statisticsCall(hash), statisticsValues)
	if err != nil {
		return tracker.Statistics{}, err
	}
	if r.status == 0 {
		return tracker.Statistics{}, tracker.ErrNotFound
	}
	stats, progress, err := readStatistics(r)
	if err != nil {
		return tracker.Statistics{}, fmt.Errorf("script statistics: %w", err)
	}
	if racks {
		stats.Racks, err = s.rackStatistics(ctx, hash, progress)
	}
	return stats, err
}

func statisticsCall(hash tracker.InfoHash) scriptCall {
	k := keysOf(hash)
	return scriptCall{keys: []string{
		k.registered(), k.length(), k.firstStarted(), k.lastStarted(), k.firstCompleted(), k.lastCompleted(),
		k.peers(), k.seeders(), k.leechers(), k.progress(),
	}}
}

const statisticsValues = 5 // behind the status

func readStatistics(r reply) (tracker.Statistics, map[tracker.Location]tracker.Progress, error) {
	stats := tracker.Statistics{Active: true}
	n, err := r.ints(3)
	if err != nil {
		return stats, nil, err
	}
	stats.Peers, stats.Seeders, stats.Leechers = n[0], n[1], n[2]

	values, err := r.values[3].AsStrSlice()
	if err != nil || len(values) != 5 {
		return stats, nil, fmt.Errorf("%d values: %w", len(values), err)
	}
	if values[0] != "" {
		if stats.Length, err = strconv.ParseUint(values[0], 10, 64); err != nil {
			return stats, nil, fmt.Errorf("length: %w", err)
		}
	}
	dates := []*time.Time{&stats.FirstStarted, &stats.LastStarted, &stats.FirstCompleted, &stats.LastCompleted}
	for i, date := range dates {
		if text := values[1+i]; text != "" {
			if *date, err = time.Parse(time.RFC3339, text); err != nil {
				return stats, nil, fmt.Errorf("date: %w", err)
			}
		}
	}

	fields, err := r.values[4].AsStrSlice()
	if err != nil {
		return stats, nil, fmt.Errorf("progress: %w", err)
	}
	racks, err := readProgress(fields)
	for _, rack := range racks {
		stats.Progress = stats.Progress.Add(rack)
	}
	return stats, racks, err
}

// readProgress reads the hash of sums: names and values, by turns.
func readProgress(fields []string) (map[tracker.Location]tracker.Progress, error) {
	racks := map[tracker.Location]tracker.Progress{}
	for pair := range slices.Chunk(fields, 2) {
		sum, rack, ofRack := strings.Cut(pair[0], ":")
		if !ofRack {
			continue
		}
		value, err := strconv.ParseInt(pair[1], 10, 64)
		if err != nil || value < 0 {
			return nil, fmt.Errorf("progress: field %q is %q", pair[0], pair[1])
		}
		progress := racks[tracker.Location(rack)]
		switch sum {
		case "hosts":
			progress.Hosts = int(value)
		case "done":
			progress.Done = int(value)
		case "unknown":
			progress.Unknown = int(value)
		case "left":
			progress.Left = uint64(value)
		}
		racks[tracker.Location(rack)] = progress
	}
	return racks, nil
}

// racksAtOnce bounds what one look at the racks sends together.
const racksAtOnce = 500

func (s *Store) rackStatistics(
	ctx context.Context, hash tracker.InfoHash, progress map[tracker.Location]tracker.Progress,
) (map[tracker.Location]tracker.RackStatistics, error) {
	k := keysOf(hash)
	stats := make(map[tracker.Location]tracker.RackStatistics, len(progress))
	racks := make([]tracker.Location, 0, len(progress))
	for rack := range progress {
		racks = append(racks, rack)
	}
	for part := range slices.Chunk(racks, racksAtOnce) {
		results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
			commands := make([]rueidis.Completed, 0, 3*len(part))
			for _, rack := range part {
				commands = append(commands,
					b.Scard().Key(k.rackPeers(rack)).Build(),
					b.Scard().Key(k.rackRepresentatives(rack)).Build(),
					b.Scard().Key(k.rackSeeders(rack)).Build())
			}
			return commands
		})
		if err != nil {
			return nil, err
		}
		for i, rack := range part {
			var n [3]int64
			for j := range n {
				if n[j], err = results[3*i+j].AsInt64(); err != nil {
					return nil, fmt.Errorf("rack %s: %w", rack, err)
				}
			}
			stats[rack] = tracker.RackStatistics{
				Peers: int(n[0]), Representatives: int(n[1]), Seeders: int(n[2]), Progress: progress[rack],
			}
		}
	}
	return stats, nil
}

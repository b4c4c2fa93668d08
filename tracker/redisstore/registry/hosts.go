package registry

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Hosts returns a page of the hosts seen in a transfer, or in a rack or group of racks of it, with the state
// of each. A transfer that is not
// active is tracker.ErrNotFound.
func (s *Registry) Hosts(
	ctx context.Context, hash tracker.InfoHash, rack tracker.Location, cursor string, limit int,
) (tracker.HostPage, error) {
	page, err := s.Members(ctx, hash, tracker.SetPeers, rack, cursor, limit)
	if err != nil {
		return tracker.HostPage{}, err
	}
	k := keys.Of(hash)
	records, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := make([]rueidis.Completed, 0, len(page.Entries))
		for _, addr := range page.Entries {
			commands = append(commands, b.Hmget().Key(k.Record(addr)).
				Field("rack", "hostname", "left", "state", "seeded").Build())
		}
		return commands
	})
	if err != nil {
		return tracker.HostPage{}, err
	}
	hosts := make([]tracker.Host, 0, len(records))
	for i, record := range records {
		fields, err := record.AsStrSlice()
		if err != nil || len(fields) != 5 {
			return tracker.HostPage{}, fmt.Errorf("record of %s: %d fields: %w", page.Entries[i], len(fields), err)
		}
		if fields[0] != "" { // else it was forgotten meanwhile
			hosts = append(hosts, readHost(page.Entries[i], fields))
		}
	}
	return tracker.HostPage{Hosts: hosts, Next: page.Next}, nil
}

// readHost maps a host's rack, hostname, left, state and seeded.
func readHost(addr string, fields []string) tracker.Host {
	h := tracker.Host{Addr: addr, Left: tracker.LeftUnknown, Seeded: fields[4] != ""}
	h.Location, h.Hostname = tracker.Location(fields[0]), fields[1]
	if left, err := strconv.ParseUint(fields[2], 10, 64); err == nil {
		h.Left = left
	}
	switch gone, done := fields[3] == "gone", h.Left == 0; {
	case gone && done:
		h.State = tracker.HostDone
	case gone:
		h.State = tracker.HostLeft
	case done:
		h.State = tracker.HostSeeding
	case fields[3] == "paused":
		h.State = tracker.HostPaused
	default:
		h.State = tracker.HostDownloading
	}
	return h
}

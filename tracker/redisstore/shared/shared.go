// Package shared keeps what frontends have in common and is not of one transfer: where hosts are, the
// secrets of connection ids, the lists of all racks and transfers, and the settings that must be alike.
package shared

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// Hashes reads a global set of info hashes.
func Hashes(ctx context.Context, redis *client.Client, key string) ([]tracker.InfoHash, error) {
	members, err := redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Smembers().Key(key).Build()
	}).AsStrSlice()
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", key, client.MapError(err))
	}
	hashes := make([]tracker.InfoHash, len(members))
	for i, member := range members {
		if hashes[i], err = tracker.ParseInfoHash(member); err != nil {
			return nil, fmt.Errorf("set %s: %q is no info hash", key, member) // no client's fault
		}
	}
	return hashes, nil
}

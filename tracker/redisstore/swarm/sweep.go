package swarm

import (
	"context"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// maxSweeps bounds what one look at a transfer waits for: 16 hosts each.
const maxSweeps = 2_000

var sweepScript = client.NewScript("sweep")

// Sweep lets the hosts of a transfer go that were silent for longer than ttl, PEER_TTL, where nobody
// announces any more.
func (s *Swarm) Sweep(ctx context.Context, hash tracker.InfoHash, ttl time.Duration) error {
	for range maxSweeps {
		r, err := s.redis.Run(ctx, sweepScript, sweepCall(hash, s.redis.Now(), ttl), 1)
		if err != nil || r.Status == 0 {
			return err
		}
		if err := s.Follow(r, 0, hash, tracker.Rules{PeerTTL: ttl}); err != nil {
			return err
		}
		if r.Status != sweepAgain {
			return nil
		}
	}
	return nil
}

// sweepAgain is the status of sweep.lua if hosts are left that are due.
const sweepAgain = 2

func sweepCall(hash tracker.InfoHash, now string, ttl time.Duration) client.Call {
	k := keys.Of(hash)
	return client.Call{
		Keys: []string{
			k.Registered(), k.Length(), k.FirstStarted(), k.FirstCompleted(), k.LastCompleted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
		},
		Args: []string{now, client.Seconds(ttl)},
	}
}

package swarm

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var dropScript = client.NewScript("drop")

// Drop forgets the host at an address, or without a port all hosts last seen there, so that they
// count no more. It returns the addresses by which they were known, which may be none. A transfer that is
// not active is tracker.ErrNotFound. A host that announces afterwards counts again.
func (s *Swarm) Drop(ctx context.Context, hash tracker.InfoHash, at netip.AddrPort) ([]string, error) {
	address := at.String()
	if at.Port() == 0 {
		address = netip.AddrPortFrom(at.Addr(), 1).String()
		address = address[:len(address)-len(":1")] // [v6], as in an ip:port
	}
	var dropped []string
	for {
		r, err := s.redis.Run(ctx, dropScript, dropCall(hash, address, s.redis.Now()), 2)
		if err != nil {
			return nil, err
		}
		if r.Status == 0 {
			return nil, tracker.ErrNotFound
		}
		addresses, err := r.Values[0].AsStrSlice()
		if err != nil {
			return nil, fmt.Errorf("script drop: addresses: %w", err)
		}
		if err := s.Follow(r, 1, hash, tracker.Rules{}); err != nil {
			return nil, err
		}
		if dropped = append(dropped, addresses...); r.Status != dropAgain {
			return dropped, nil
		}
	}
}

// dropAgain is the status of drop.lua if more hosts may be at the IP address.
const dropAgain = 2

func dropCall(hash tracker.InfoHash, address, now string) client.Call {
	k := keys.Of(hash)
	return client.Call{
		Keys: []string{
			k.Registered(), k.FirstStarted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
		},
		Args: []string{now, address},
	}
}

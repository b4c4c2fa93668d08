package redisstore

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Drop forgets the host at an address, or without a port all hosts last seen there, so that they
// count no more. It returns the addresses by which they were known, which may be none. A transfer that is
// not active is tracker.ErrNotFound. A host that announces afterwards counts again.
func (s *Store) Drop(ctx context.Context, hash tracker.InfoHash, at netip.AddrPort) ([]string, error) {
	address := at.String()
	if at.Port() == 0 {
		address = netip.AddrPortFrom(at.Addr(), 1).String()
		address = address[:len(address)-len(":1")] // [v6], as in an ip:port
	}
	var dropped []string
	for {
		r, err := s.run(ctx, dropScript, dropCall(hash, address, s.now()), 2)
		if err != nil {
			return nil, err
		}
		if r.status == 0 {
			return nil, tracker.ErrNotFound
		}
		addresses, err := r.values[0].AsStrSlice()
		if err != nil {
			return nil, fmt.Errorf("script drop: addresses: %w", err)
		}
		t, err := readEffects(r.values[1], hash)
		if err != nil {
			return nil, fmt.Errorf("script drop: effects: %w", err)
		}
		s.follow(t, tracker.Announce{})
		if dropped = append(dropped, addresses...); r.status != dropAgain {
			return dropped, nil
		}
	}
}

// dropAgain is the status of drop.lua if more hosts may be at the IP address.
const dropAgain = 2

func dropCall(hash tracker.InfoHash, address, now string) scriptCall {
	k := keys.Of(hash)
	return scriptCall{
		keys: []string{
			k.Registered(), k.FirstStarted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
		},
		args: []string{now, address},
	}
}

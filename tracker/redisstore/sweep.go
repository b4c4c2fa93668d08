package redisstore

import (
	"context"
	"fmt"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// maxSweeps bounds what one look at a transfer waits for: 16 hosts each.
const maxSweeps = 2_000

// sweep lets the hosts of a transfer go that were silent for too long, where nobody announces any more.
func (s *Store) sweep(ctx context.Context, hash tracker.InfoHash) error {
	for range maxSweeps {
		r, err := s.run(ctx, sweepScript, s.sweepCall(hash), 1)
		if err != nil || r.status == 0 {
			return err
		}
		t, err := readEffects(r.values[0], hash)
		if err != nil {
			return fmt.Errorf("script sweep: effects: %w", err)
		}
		s.follow(t, tracker.Announce{Rules: tracker.Rules{PeerTTL: s.opts.PeerTTL}})
		if r.status != sweepAgain {
			return nil
		}
	}
	return nil
}

// sweepAgain is the status of sweep.lua if hosts are left that are due.
const sweepAgain = 2

func (s *Store) sweepCall(hash tracker.InfoHash) scriptCall {
	k := keys.Of(hash)
	return scriptCall{
		keys: []string{
			k.Registered(), k.Length(), k.FirstStarted(), k.FirstCompleted(), k.LastCompleted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
		},
		args: []string{s.now(), seconds(s.opts.PeerTTL)},
	}
}

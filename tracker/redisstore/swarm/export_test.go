package swarm

import (
	"context"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// What only tests see.

type (
	Lease = lease
	Call  = announced
)

const RankNeeded = rankNeeded

func (a announced) Wants() bool  { return a.wants() }
func (a announced) Lease() Lease { return a.lease }

func (s *Swarm) Again(ctx context.Context, a tracker.Announce) (tracker.Handout, bool, error) {
	return s.again(ctx, a)
}

func (s *Swarm) AnnounceWith(ctx context.Context, a tracker.Announce, l Lease) (Call, error) {
	return s.announce(ctx, a, announceOptions{lease: l})
}

func (s *Swarm) AnnounceWithLeases(ctx context.Context, a tracker.Announce, done Call) error {
	_, err := s.announceWithLeases(ctx, a, done)
	return err
}

func (s *Swarm) TakeLease(ctx context.Context, l Lease, rules tracker.Rules) (Lease, []Lease, error) {
	return s.takeLease(ctx, l, rules)
}

func (s *Swarm) TakeFreeLease(ctx context.Context, l Lease, rules tracker.Rules) (Lease, error) {
	return s.takeFreeLease(ctx, l, rules)
}

func (s *Swarm) Settle(ctx context.Context, l Lease, rules tracker.Rules) error {
	return s.settle(ctx, l, rules.PeerTTL)
}

// Confirm is the first step of Settle. It returns whether the lease is held, and which are to be settled
// besides.
func (s *Swarm) Confirm(ctx context.Context, l Lease, rules tracker.Rules) (held bool, settle []Lease, err error) {
	call, err := confirmCall(l, rules.PeerTTL, s.redis.Now())
	if err != nil {
		return false, nil, err
	}
	r, err := s.redis.Run(ctx, confirmScript, call, 1)
	if err != nil {
		return false, nil, err
	}
	e, err := readEffects(r.Values[0], l.Hash)
	return r.Status == leaseHeld, e.settle, err
}

// Release is the second step of Settle.
func (s *Swarm) Release(ctx context.Context, l Lease) error {
	_, err := s.redis.Run(ctx, releaseScript, releaseCall(l), 0)
	return err
}

// Task returns what is to do next, if there is anything.
func (s *Swarm) Task() func(context.Context) error {
	select {
	case t := <-s.background.queue:
		s.background.pending.Add(-1)
		return t
	default:
		return nil
	}
}

// ForgetScans lets every announce look, as if another frontend had it.
func (s *Swarm) ForgetScans() { s.scans.InvalidateAll() }

func AgainCall(a tracker.Announce, now string) client.Call { return againCall(a, now, 1) }

// AnnounceCall is that of a host with a lease, which looks for representatives that nobody probes.
func AnnounceCall(a tracker.Announce, now string, seed uint32, token string) client.Call {
	l := lease{Group: a.Location, Addr: a.Addr.String(), Hash: a.InfoHash, Token: token}
	return announceCall(a, announceOptions{now: now, seed: seed, look: true, lease: l})
}

// Calls are one call of each script of this package.
func Calls(a tracker.Announce, now string) map[string]client.Call {
	l := lease{Group: a.Location, Addr: a.Addr.String(), Hash: a.InfoHash, Token: "1", Rank: "2"}
	confirm, err := confirmCall(l, a.PeerTTL, now)
	if err != nil {
		panic(err)
	}
	return map[string]client.Call{
		"announce": announceCall(a, announceOptions{now: now, seed: 1}),
		"again":    againCall(a, now, 1),
		"scrape":   scrapeCall(a.InfoHash),
		"sweep":    sweepCall(a.InfoHash, now, time.Second),
		"lease":    leaseCall(l, now+"000000", a.Rules),
		"release":  releaseCall(l),
		"confirm":  confirm,
		"drop":     dropCall(a.InfoHash, a.Addr.String(), now),
		"probe":    probeCall(tracker.Check{InfoHash: a.InfoHash, Addr: a.Addr}, now, time.Second, true, time.Second),
	}
}

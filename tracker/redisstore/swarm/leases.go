package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Leases, under REPR_SCOPE=rack (R8). A place of a representative is kept with its
// transfer, and the bound over all transfers with the group: in two slots, perhaps of
// two servers. So a place is taken in two steps: a lease at the group, then the place by
// it. Whatever gets lost in between, the bound holds: a place is never held for longer
// than its lease. What is left over is found and settled: see settle, and the doubtful
// ones of lease.lua.

var (
	leaseScript   = client.NewScript("lease")
	confirmScript = client.NewScript("confirm")
	releaseScript = client.NewScript("release")
)

// lease is one host's right to represent a group in one transfer.
type lease struct {
	Group tracker.Location
	Addr  string // ip:port of the host
	Hash  tracker.InfoHash
	Token string // when it was taken, in microseconds; empty if it is not
	Rank  string // of a wish, see lua/chapters/rank.lua: its host's, or that for which its host may have to give it up
}

// leaseOf reads GROUP ADDRESS.
func leaseOf(words []string, hash tracker.InfoHash) lease {
	return lease{Group: tracker.Location(words[0]), Addr: words[1], Hash: hash}
}

// isNeeded says whether its transfer has none to do without.
func (l lease) isNeeded() bool { return l.Rank == rankNeeded }

// rankNeeded is the highest rank of a wish.
const rankNeeded = "2"

// argument is how announce.lua takes a lease; none is empty.
func (l lease) argument() string {
	if l.Token == "" {
		return ""
	}
	return string(l.Group) + " " + l.Addr + " " + l.Token
}

// leaseRounds is how often one announce takes leases: one for each group around a host,
// and one more for a lease that came too late.
const leaseRounds = tracker.MaxGroups + 1

// announceWithLeases goes on with an announce whose host may have a place if it has a
// lease: it takes that and announces again, which records the same once more.
func (s *Swarm) announceWithLeases(ctx context.Context, a tracker.Announce, done announced) (announced, error) {
	var settled []lease
	for round := 0; done.wants() && round < leaseRounds; round++ {
		settled = append(settled, done.settle...)
		s.settleGroup(ctx, done.lease.Group, settled, a.Rules)
		taken, err := s.takeFreeLease(ctx, done.lease, a.Rules)
		if err != nil {
			return announced{}, err
		}
		if taken.Token == "" {
			s.publishWait(done.waits, a)
			break
		}
		again, err := s.announce(ctx, a, announceOptions{lease: taken})
		if err != nil || again.Represents <= done.Represents {
			s.settleLater(taken, a.PeerTTL) // nobody knows, or it did not serve
		}
		if err != nil {
			return announced{}, err
		}
		again.Joined = again.Joined || done.Joined
		again.Checks = append(done.Checks, again.Checks...)
		done = again
	}
	return done, nil
}

// settleGroup settles those of a group that were given back by this very announce: the
// place is free for its host.
func (s *Swarm) settleGroup(ctx context.Context, group tracker.Location, leases []lease, rules tracker.Rules) {
	for _, l := range leases {
		if l.Group == group {
			s.tryEnd(ctx, l, rules)
		}
	}
}

// tryEnd ends a lease that may be of a transfer elsewhere: whose server is away
// does not fail the announce at hand.
func (s *Swarm) tryEnd(ctx context.Context, l lease, rules tracker.Rules) (ended bool) {
	ended, err := s.end(ctx, l, rules.PeerTTL)
	if err != nil {
		s.leaseLeft(err)
	}
	return ended
}

// takeFreeLease takes a lease, if need be after others have ended: those left over, and, one after
// another until this one is had, those of hosts that make way for it. If there is none it has no token.
func (s *Swarm) takeFreeLease(ctx context.Context, l lease, rules tracker.Rules) (lease, error) {
	taken, doubtful, err := s.takeLease(ctx, l, rules)
	for i := 0; i < len(doubtful); i++ {
		other := doubtful[i]
		if taken.Token != "" {
			other.Rank = ""
		}
		if ended := s.tryEnd(ctx, other, rules); ended && taken.Token == "" && err == nil {
			var more []lease
			taken, more, err = s.takeLease(ctx, l, rules)
			doubtful = append(doubtful, more...) // nobody else looks at them for a while
		}
	}
	s.metrics.leases.WithLabelValues(outcomeOf(taken)).Inc()
	return taken, err
}

// outcomeOf a wish for a lease. One that is not needed is no cause for worry.
func outcomeOf(taken lease) string {
	switch {
	case taken.Token != "":
		return "granted"
	case taken.isNeeded():
		return "denied"
	}
	return "idle"
}

// takeLease takes a lease, or takes it anew: then it has a token. If it cannot be had,
// doubtful are those of others that may be left over.
func (s *Swarm) takeLease(ctx context.Context, l lease, rules tracker.Rules) (taken lease, doubtful []lease, err error) {
	r, err := s.redis.Run(ctx, leaseScript, leaseCall(l, s.redis.NowMicro(), rules), 2)
	if err != nil {
		return lease{}, nil, err
	}
	if l.Token, err = r.Values[0].ToString(); err != nil {
		return lease{}, nil, fmt.Errorf("script lease: token: %w", err)
	}
	lines, err := r.Values[1].AsStrSlice()
	if err != nil {
		return lease{}, nil, fmt.Errorf("script lease: doubtful: %w", err)
	}
	for _, line := range lines {
		other, err := readDoubtful(l.Group, line)
		if err != nil {
			return lease{}, nil, fmt.Errorf("script lease: %q: %w", line, err)
		}
		doubtful = append(doubtful, other)
	}
	if l.Token != "" {
		l.Rank = ""
	}
	return l, doubtful, nil
}

func leaseCall(l lease, now string, rules tracker.Rules) client.Call {
	return client.Call{
		Keys: []string{keys.Leases(l.Group), keys.Wanted(l.Group)},
		Args: []string{
			now, l.Addr, l.Hash.String(), strconv.Itoa(rules.MaxReprRack), client.Seconds(rules.PeerTTL), l.Rank,
		},
	}
}

// readDoubtful reads ADDRESS HASH TOKEN RANK; RANK may be empty.
func readDoubtful(group tracker.Location, line string) (lease, error) {
	words := strings.Split(line, " ")
	if len(words) != 4 {
		return lease{}, fmt.Errorf("%d words", len(words))
	}
	hash, err := tracker.ParseInfoHash(words[1])
	return lease{group, words[0], hash, words[2], words[3]}, err
}

// settle makes a lease and the place it is for agree: if the place is held, it is held by
// this lease from now on; if not, the lease ends. It may be done at any time, and again.
// ttl is PEER_TTL.
func (s *Swarm) settle(ctx context.Context, l lease, ttl time.Duration) error {
	_, err := s.end(ctx, l, ttl)
	return err
}

// end settles a lease, and returns whether it has ended. Whoever gives up its place for a wish of the
// lease's rank gives up those farther out, too.
func (s *Swarm) end(ctx context.Context, l lease, ttl time.Duration) (ended bool, err error) {
	call, err := confirmCall(l, ttl, s.redis.Now())
	if err != nil {
		return false, err
	}
	r, err := s.redis.Run(ctx, confirmScript, call, 1)
	if err != nil {
		return false, err
	}
	if r.Status == leaseHeld {
		s.metrics.leases.WithLabelValues("held").Inc()
		return false, nil
	}
	e, err := readEffects(r.Values[0], l.Hash)
	if err != nil {
		return false, fmt.Errorf("script confirm: effects: %w", err)
	}
	given := e.settle
	e.settle = nil
	s.follow(e, tracker.Announce{})
	r, err = s.redis.Run(ctx, releaseScript, releaseCall(l), 0)
	if err != nil {
		return false, err
	}
	if r.Status != 0 {
		s.metrics.leases.WithLabelValues("released").Inc()
	}
	for _, place := range given {
		if place.Group != l.Group || place.Token != l.Token {
			err = errors.Join(err, s.settle(ctx, place, ttl))
		}
	}
	return true, err
}

// leaseHeld is a status of confirm.lua.
const leaseHeld = 1

func confirmCall(l lease, ttl time.Duration, now string) (client.Call, error) {
	addr, err := netip.ParseAddrPort(l.Addr)
	if err != nil {
		return client.Call{}, fmt.Errorf("lease of %s: %w", l.Group, err)
	}
	k := keys.Of(l.Hash)
	return client.Call{
		Keys: []string{
			k.Registered(), k.Leases(), k.Representatives(), k.Pages(), k.Summary(), k.Peer(addr), k.RackRepresentatives(l.Group),
		},
		Args: []string{now, client.Seconds(ttl), string(l.Group), l.Addr, l.Token, l.Rank},
	}, nil
}

func releaseCall(l lease) client.Call {
	return client.Call{Keys: []string{keys.Leases(l.Group)}, Args: []string{l.Addr, l.Hash.String(), l.Token}}
}

// renew takes a lease anew for the representative that has it.
func (s *Swarm) renew(ctx context.Context, l lease, rules tracker.Rules) error {
	taken, err := s.takeFreeLease(ctx, l, rules)
	if err != nil || taken.Token == "" {
		return err
	}
	return s.settle(ctx, taken, rules.PeerTTL)
}

// noTTL is for leases of a transfer that is over: no place is held by them.
const noTTL = 0

// settlesAtOnce is how many places of a transfer that is over are read at once.
const settlesAtOnce = 100

// SettleAll ends the leases of a transfer that is over, and forgets its places. The
// highest tokens stay for a day, see confirm.lua.
func (s *Swarm) SettleAll(ctx context.Context, hash tracker.InfoHash) error {
	for cursor := uint64(0); ; {
		scan, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Hscan().Key(keys.Of(hash).Leases()).Cursor(cursor).Count(settlesAtOnce).Build()
		}).AsScanEntry()
		if err != nil {
			return fmt.Errorf("leases of %s: %w", hash, client.MapError(err))
		}
		for i := 0; i+1 < len(scan.Elements); i += 2 {
			if err := s.settlePlace(ctx, hash, scan.Elements[i], scan.Elements[i+1]); err != nil {
				return err
			}
		}
		if cursor = scan.Cursor; cursor == 0 {
			return nil
		}
	}
}

// settlePlace ends the lease of a place GROUP ADDRESS; a field GROUP is none.
func (s *Swarm) settlePlace(ctx context.Context, hash tracker.InfoHash, place, token string) error {
	group, addr, held := strings.Cut(place, " ")
	if !held {
		return nil
	}
	return s.settle(ctx, lease{Group: tracker.Location(group), Addr: addr, Hash: hash, Token: token}, noTTL)
}

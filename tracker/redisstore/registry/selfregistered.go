package registry

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// Transfers that register themselves (AUTO_REGISTER) are in a set of all frontends, which bounds their
// number. A transfer is put there before it becomes active, and taken off when its keys are gone.

// evictRounds bounds how often one announce looks for room.
const evictRounds = 4

var (
	reserveScript = client.NewScript("reserve")
	evictScript   = client.NewScript("evict")
)

// RegisterItself goes on with the announce of a transfer that nobody knows. If there are too many of that
// kind, it is answered like any that is not active.
func (s *Registry) RegisterItself(
	ctx context.Context, a tracker.Announce, unknown swarm.Announced,
) (swarm.Announced, error) {
	reserved, err := s.reserve(ctx, a)
	if err != nil {
		return swarm.Announced{}, err
	}
	if !reserved {
		s.full.Log(s.log, slog.LevelWarn, "transfer does not register itself, there are too many", "transfer", a.InfoHash,
			"host", a.Addr, "AUTO_REGISTER_MAX", a.AutoRegisterMax)
		return swarm.Announced{}, nil
	}
	return s.swarm.AnnounceReserved(ctx, a, unknown)
}

// reserve puts a transfer into the set. If the set is full, it evicts transfers that nobody used for
// PEER_TTL.
func (s *Registry) reserve(ctx context.Context, a tracker.Announce) (bool, error) {
	var gone, used []string
	for range evictRounds {
		r, err := s.redis.Run(ctx, reserveScript, reserveCall(a, s.redis.Now(), gone, used), 0)
		if err != nil || r.Status == reserved {
			return err == nil, err
		}
		idle, err := readIdle(r)
		if err != nil || len(idle) == 0 {
			return false, err
		}
		if gone, used, err = s.evictOneOf(ctx, idle, a.PeerTTL); err != nil {
			return false, err
		}
	}
	return false, nil
}

// Status of reserve.lua.
const reserved = 1

func reserveCall(a tracker.Announce, now string, gone, used []string) client.Call {
	return client.Call{
		Keys: []string{keys.SelfRegistered},
		Args: []string{
			now, a.InfoHash.String(), strconv.Itoa(a.AutoRegisterMax), client.Seconds(a.PeerTTL),
			strings.Join(gone, " "), strings.Join(used, " "),
		},
	}
}

// readIdle reads the transfers that reserve.lua names.
func readIdle(r client.Reply) ([]string, error) {
	if len(r.Values) == 0 {
		return nil, fmt.Errorf("script reserve: no transfers")
	}
	return r.Values[0].AsStrSlice()
}

// evictOneOf looks at transfers until one is gone. It returns which are, and which are in use, each with
// the time since when perhaps nobody used it. One announce at a time does so in a frontend: the others
// are told to come back, and find the room that it made.
func (s *Registry) evictOneOf(ctx context.Context, idle []string, ttl time.Duration) (gone, used []string, err error) {
	select {
	case s.evicting <- struct{}{}:
		defer func() { <-s.evicting }()
	default:
		return nil, nil, tracker.ErrBusy
	}
	for _, digits := range idle {
		hash, err := tracker.ParseInfoHash(digits)
		if err != nil {
			return nil, nil, err
		}
		since, err := s.evict(ctx, hash, ttl)
		if err != nil {
			return nil, nil, err
		}
		if since == 0 {
			return []string{digits}, used, nil
		}
		used = append(used, digits, strconv.Itoa(since))
	}
	return nil, used, nil
}

// Statuses of evict.lua.
const (
	evictNothing = 0
	evicted      = 1
	evictInUse   = 3
)

// evict lets a transfer go, unless it is in use or somebody registered it. Of one in use it returns the
// unix time since when perhaps nobody used it. It also finishes an
// eviction that a dead frontend began.
func (s *Registry) evict(ctx context.Context, hash tracker.InfoHash, ttl time.Duration) (since int, err error) {
	if err := s.setArchiving(ctx, hash); err != nil { // if this is broken off, a watch finishes it
		return 0, err
	}
	for {
		r, err := s.redis.Run(ctx, evictScript, evictCall(hash, s.redis.Now(), ttl), 2)
		if err != nil {
			return 0, err
		}
		if r.Status == evictNothing {
			return 0, s.finish(ctx, hash)
		}
		if err := s.swarm.Follow(r, 0, hash, tracker.Rules{PeerTTL: ttl}); err != nil {
			return 0, err
		}
		switch r.Status {
		case evicted:
			return 0, s.clear(ctx, hash)
		case evictInUse:
			since, err := r.Values[1].AsInt64()
			if err != nil {
				return 0, fmt.Errorf("script evict: since: %w", err)
			}
			return int(since), nil
		}
	}
}

// clear lets all go that is kept of a transfer that was evicted.
func (s *Registry) clear(ctx context.Context, hash tracker.InfoHash) error {
	if err := s.finish(ctx, hash); err != nil {
		return err
	}
	s.log.Debug("transfer that registered itself is gone", "transfer", hash)
	return client.MapError(s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Srem().Key(keys.Transfers).Member(hash.String()).Build()
	}).Error())
}

func evictCall(hash tracker.InfoHash, now string, ttl time.Duration) client.Call {
	k := keys.Of(hash)
	return client.Call{
		Keys: []string{
			k.Registered(), k.Length(), k.FirstStarted(), k.FirstCompleted(), k.LastCompleted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
			k.Closed(), k.Deregistered(), k.Name(),
		},
		Args: []string{now, client.Seconds(ttl)},
	}
}

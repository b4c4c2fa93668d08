package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Transfers that register themselves (AUTO_REGISTER) are in a set of all frontends, which bounds their
// number. A transfer is put there before it becomes active, and taken off when its keys are gone.

// evictRounds bounds how often one announce looks for room.
const evictRounds = 4

// registerItself goes on with the announce of a transfer that nobody knows. If there are too many of that
// kind, it is answered like any that is not active.
func (s *Store) registerItself(ctx context.Context, a tracker.Announce, o announceOptions) (announced, error) {
	reserved, err := s.reserve(ctx, a)
	if err != nil {
		return announced{}, err
	}
	if !reserved {
		s.full.Log(s.log, slog.LevelWarn, "transfer does not register itself, there are too many", "transfer", a.InfoHash,
			"host", a.Addr, "AUTO_REGISTER_MAX", a.AutoRegisterMax)
		return announced{}, nil
	}
	o.reserved = true
	return s.announce(ctx, a, o)
}

// reserve puts a transfer into the set. If that is full, those go that nobody used for PEER_TTL.
func (s *Store) reserve(ctx context.Context, a tracker.Announce) (bool, error) {
	var gone, used []string
	for range evictRounds {
		r, err := s.run(ctx, reserveScript, reserveCall(a, s.now(), gone, used), 0)
		if err != nil || r.status == reserved {
			return err == nil, err
		}
		idle, err := r.idle()
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

func reserveCall(a tracker.Announce, now string, gone, used []string) scriptCall {
	return scriptCall{
		keys: []string{keys.SelfRegistered},
		args: []string{
			now, a.InfoHash.String(), strconv.Itoa(a.AutoRegisterMax), seconds(a.PeerTTL),
			strings.Join(gone, " "), strings.Join(used, " "),
		},
	}
}

// idle are the transfers that reserve.lua names.
func (r reply) idle() ([]string, error) {
	if len(r.values) == 0 {
		return nil, fmt.Errorf("script reserve: no transfers")
	}
	return r.values[0].AsStrSlice()
}

// evictOneOf looks at transfers until one is gone. It returns which are, and which are in use, each with
// the time since when perhaps nobody used it. One announce at a time does so in a frontend: the others
// are told to come back, and find the room that it made.
func (s *Store) evictOneOf(ctx context.Context, idle []string, ttl time.Duration) (gone, used []string, err error) {
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
// unix time since when perhaps nobody used it. What a frontend that died left of one is finished, too.
func (s *Store) evict(ctx context.Context, hash tracker.InfoHash, ttl time.Duration) (since int, err error) {
	if err := s.setArchiving(ctx, hash); err != nil { // if this is broken off, a watch finishes it
		return 0, err
	}
	for {
		r, err := s.run(ctx, evictScript, evictCall(hash, s.now(), ttl), 2)
		if err != nil {
			return 0, err
		}
		if r.status == evictNothing {
			return 0, s.finish(ctx, hash)
		}
		t, err := readEffects(r.values[0], hash)
		if err != nil {
			return 0, fmt.Errorf("script evict: effects: %w", err)
		}
		s.follow(t, tracker.Announce{Rules: tracker.Rules{PeerTTL: ttl}})
		switch r.status {
		case evicted:
			return 0, s.clear(ctx, hash)
		case evictInUse:
			since, err := r.values[1].AsInt64()
			if err != nil {
				return 0, fmt.Errorf("script evict: since: %w", err)
			}
			return int(since), nil
		}
	}
}

// clear lets all go that is kept of a transfer that was evicted.
func (s *Store) clear(ctx context.Context, hash tracker.InfoHash) error {
	if err := s.finish(ctx, hash); err != nil {
		return err
	}
	s.log.Debug("transfer that registered itself is gone", "transfer", hash)
	return mapError(s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Srem().Key(keys.Transfers).Member(hash.String()).Build()
	}).Error())
}

func evictCall(hash tracker.InfoHash, now string, ttl time.Duration) scriptCall {
	k := keys.Of(hash)
	return scriptCall{
		keys: []string{
			k.Registered(), k.Length(), k.FirstStarted(), k.FirstCompleted(), k.LastCompleted(), k.Summary(),
			k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(),
			k.Closed(), k.Deregistered(), k.Name(),
		},
		args: []string{now, seconds(ttl)},
	}
}

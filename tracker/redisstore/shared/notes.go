package shared

import (
	"context"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// What an announce changes in keys of other slots is noted after it, by plain
// idempotent commands, outside the request. A note that is lost, with a frontend
// or with a connection, is written again at a later announce: each frontend
// notes every host anew after noteTTL.

const (
	noteTTL      = time.Hour
	notesPending = 4096    // further ones wait for a later announce
	notesKnown   = 100_000 // hosts; about 15 MB
	noteTimeout  = 5 * time.Second

	// Info hashes that nobody registered: strangers cannot fill Redis.
	strangersMax = 1000
	strangersAge = 7 * 24 * time.Hour
)

// noteKey is what has been noted; without an ip, a transfer that is not active.
type noteKey struct {
	hash tracker.InfoHash
	rack tracker.Location
	ip   netip.Addr
}

// Notes are those of one frontend.
type Notes struct {
	redis   *client.Client
	log     *slog.Logger
	known   *otter.Cache[noteKey, struct{}]
	pending chan noteKey
}

// NewNotes returns an empty one, which Write writes.
func NewNotes(redis *client.Client, log *slog.Logger) *Notes {
	return &Notes{
		redis: redis, log: log,
		known: otter.Must(&otter.Options[noteKey, struct{}]{
			MaximumSize:      notesKnown,
			ExpiryCalculator: otter.ExpiryCreating[noteKey, struct{}](noteTTL),
		}),
		pending: make(chan noteKey, notesPending),
	}
}

// Note hands what an announce told to Write, unless it is known. A host
// that joined is noted in any case: Redis may have lost what it knew.
func (n *Notes) Note(a tracker.Announce, active, joined bool) {
	key := noteKey{hash: a.InfoHash}
	if active {
		key.rack, key.ip = a.Location, a.Addr.Addr()
	}
	if _, known := n.known.GetIfPresent(key); known && !joined {
		return
	}
	n.known.Set(key, struct{}{}) // first: whoever writes it takes that back if it fails
	select {
	case n.pending <- key:
	default:
		n.known.Invalidate(key)
	}
}

// Write writes notes until the context is done.
func (n *Notes) Write(ctx context.Context) {
	defer n.known.StopAllGoroutines()
	for {
		select {
		case key := <-n.pending:
			n.writeNote(ctx, key)
		case <-ctx.Done():
			return
		}
	}
}

func (n *Notes) writeNote(ctx context.Context, key noteKey) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	var err error
	if key.ip.IsValid() {
		err = n.noteHost(ctx, key)
	} else {
		err = n.noteStranger(ctx, key.hash)
	}
	if err != nil {
		n.known.Invalidate(key)
		n.log.Debug("note postponed", "transfer", key.hash, "error", err)
	}
}

// noteHost keeps a host among all that its rack ever had, and its transfer on the
// lists. The transfer may have been deactivated since: looking after writing
// undoes what came too late.
func (n *Notes) noteHost(ctx context.Context, key noteKey) error {
	hash := key.hash.String()
	_, err := n.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Sadd().Key(keys.Racks).Member(string(key.rack)).Build(),
			b.Sadd().Key(keys.RackHosts(key.rack)).Member(key.ip.String()).Build(),
			b.Zrem().Key(keys.Unregistered).Member(hash).Build(),
			b.Sadd().Key(keys.Transfers).Member(hash).Build(),
			b.Sadd().Key(keys.ActiveTransfers).Member(hash).Build(),
		}
	})
	if err != nil {
		return err
	}
	if registered, err := n.isRegistered(ctx, key.hash); err != nil || registered {
		return err
	}
	return n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Srem().Key(keys.ActiveTransfers).Member(hash).Build()
	}).Error()
}

func (n *Notes) isRegistered(ctx context.Context, hash tracker.InfoHash) (bool, error) {
	registered, err := n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Exists().Key(keys.Of(hash).Registered()).Build()
	}).AsBool()
	return registered, client.MapError(err)
}

// noteStranger keeps the hash of a transfer that is not active among all seen,
// and drops the oldest strangers beyond the bounds. The index is written first
// and cleared last, so that a crash in between leaves nothing that is not found
// again.
func (n *Notes) noteStranger(ctx context.Context, hash tracker.InfoHash) error {
	seen, err := n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Sismember().Key(keys.Transfers).Member(hash.String()).Build()
	}).AsBool()
	if err != nil || seen {
		return client.MapError(err)
	}
	now := time.Now()
	oldest := strconv.FormatInt(now.Add(-strangersAge).Unix(), 10)
	results, err := n.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Zadd().Key(keys.Unregistered).ScoreMember().ScoreMember(float64(now.Unix()), hash.String()).Build(),
			b.Zrange().Key(keys.Unregistered).Min("0").Max(strconv.Itoa(-strangersMax - 1)).Build(),
			b.Zrangebyscore().Key(keys.Unregistered).Min("-inf").Max(oldest).Limit(0, 100).Build(),
		}
	})
	if err != nil {
		return err
	}
	err = n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Sadd().Key(keys.Transfers).Member(hash.String()).Build()
	}).Error()
	if err != nil {
		return client.MapError(err)
	}
	registered, err := n.isRegistered(ctx, hash)
	if err != nil {
		return err
	}
	if registered { // meanwhile
		return n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Zrem().Key(keys.Unregistered).Member(hash.String()).Build()
		}).Error()
	}
	var excess []string
	for _, result := range results[1:] {
		part, err := result.AsStrSlice()
		if err != nil {
			return client.MapError(err)
		}
		excess = append(excess, part...)
	}
	return n.dropStrangers(ctx, excess)
}

func (n *Notes) dropStrangers(ctx context.Context, hashes []string) error {
	if len(hashes) == 0 {
		return nil
	}
	err := n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Srem().Key(keys.Transfers).Member(hashes...).Build()
	}).Error()
	if err != nil {
		return client.MapError(err)
	}
	err = n.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Zrem().Key(keys.Unregistered).Member(hashes...).Build()
	}).Error()
	return client.MapError(err)
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

var (
	closeScript   = client.NewScript("close")
	archiveScript = client.NewScript("archive")
)

// archiveStep is how many hosts or racks one call of archive.lua moves: about
// a millisecond of Redis.
const archiveStep = 200

// Deactivate ends a transfer: at once for announces and lists, then its keys are
// archived in bounded steps. What is left of those at the deadline, or after a
// crash, some frontend's watch does. With stop, announces of it are tracker.ErrEnded
// until ARCHIVE_TTL later, or until it is registered again; that may be said of a
// transfer that has ended, too. No such transfer is tracker.ErrNotFound.
func (s *Registry) Deactivate(ctx context.Context, hash tracker.InfoHash, stop bool) error {
	if err := s.setArchiving(ctx, hash); err != nil {
		return err
	}
	r, err := s.redis.Run(ctx, closeScript, s.closeCall(hash, stop), 1)
	if err != nil {
		return err
	}
	switch r.Status {
	case 0:
		return s.doneArchiving(ctx, hash, tracker.ErrNotFound)
	case closedBefore:
		return s.doneArchiving(ctx, hash, nil)
	}
	// A watch that looked before the transfer was closed took it off again.
	if err := s.setArchiving(ctx, hash); err != nil {
		return err
	}
	if err := s.finish(ctx, hash); err != nil {
		s.log.Warn("archiving goes on later", "transfer", hash, "error", err)
	}
	return nil
}

// closedBefore is the status of close.lua for a transfer that is archived already.
const closedBefore = 3

func (s *Registry) closeCall(hash tracker.InfoHash, stop bool) client.Call {
	k := keys.Of(hash)
	return client.Call{
		Keys: []string{k.Registered(), k.Closed(), k.Deregistered(), k.Name(), k.Summary()},
		Args: []string{s.redis.Now(), s.archiveTTL(), client.Flag(stop)},
	}
}

func (s *Registry) archiveTTL() string { return strconv.Itoa(int(s.opts.ArchiveTTL.Seconds())) }

// finish does what is left to do for a closed transfer. One that is not closed
// is left alone.
func (s *Registry) finish(ctx context.Context, hash tracker.InfoHash) error {
	k := keys.Of(hash)
	closed, name, err := s.pair(ctx, k.Deregistered(), k.Name())
	if err != nil {
		return err
	}
	if closed != "" {
		if err := s.unlist(ctx, hash, name); err != nil {
			return err
		}
		if err := s.swarm.SettleAll(ctx, hash); err != nil {
			return err
		}
	}
	return s.archive(ctx, hash)
}

// pair reads two strings of a transfer; one that is missing is empty.
func (s *Registry) pair(ctx context.Context, first, second string) (string, string, error) {
	values, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Mget().Key(first, second).Build()
	}).AsStrSlice()
	if err != nil || len(values) != 2 {
		return "", "", fmt.Errorf("%d values: %w", len(values), client.MapError(err))
	}
	return values[0], values[1], nil
}

// unlist takes a transfer off the lists. Its torrent's name may belong to another
// one by now, and the transfer may have been registered again meanwhile: looking
// after writing undoes what came too late.
func (s *Registry) unlist(ctx context.Context, hash tracker.InfoHash, name string) error {
	holder, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hget().Key(keys.Torrents).Field(name).Build()
	}).ToString()
	if err != nil && !rueidis.IsRedisNil(err) {
		return client.MapError(err)
	}
	_, err = s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := []rueidis.Completed{b.Srem().Key(keys.ActiveTransfers).Member(hash.String()).Build()}
		if holder == hash.String() {
			commands = append(commands, b.Hdel().Key(keys.Torrents).Field(name).Build())
		}
		return commands
	})
	if err != nil {
		return err
	}
	k := keys.Of(hash)
	registered, name, err := s.pair(ctx, k.Registered(), k.Name())
	if err != nil || registered == "" {
		return err
	}
	return s.list(ctx, hash, name)
}

// archive moves the keys of a closed transfer, until none is left. A transfer
// that is not closed is left alone.
func (s *Registry) archive(ctx context.Context, hash tracker.InfoHash) error {
	call := s.archiveCall(hash)
	for {
		r, err := s.redis.Run(ctx, archiveScript, call, 0)
		if err != nil {
			return err
		}
		if r.Status == 0 {
			return s.doneArchiving(ctx, hash, nil)
		}
	}
}

func (s *Registry) archiveCall(hash tracker.InfoHash) client.Call {
	k := keys.Of(hash)
	return client.Call{
		Keys: []string{
			k.Deregistered(), k.Peers(), k.Racks(), k.Pages(), k.Hosts(), k.Closed(),
			k.Name(), k.Length(), k.Torrent(), k.Digest(),
			k.FirstStarted(), k.LastStarted(), k.FirstCompleted(), k.LastCompleted(),
			k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
			k.Progress(), k.Racks6(),
		},
		Args: []string{strconv.Itoa(archiveStep), s.archiveTTL()},
	}
}

// The set of transfers being archived tells a later watch what to finish.

func (s *Registry) setArchiving(ctx context.Context, hash tracker.InfoHash) error {
	_, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Sadd().Key(keys.Archiving).Member(hash.String()).Build()}
	})
	return err
}

func (s *Registry) doneArchiving(ctx context.Context, hash tracker.InfoHash, outcome error) error {
	_, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Srem().Key(keys.Archiving).Member(hash.String()).Build()}
	})
	if err != nil {
		return err
	}
	return outcome
}

// Times between looks for archives left unfinished.
const (
	resumeInterval   = 30 * time.Second
	unusableInterval = time.Second // while Redis cannot be asked
)

// KeepArchiving finishes what was broken off, by whichever frontend, until the context is done.
func (s *Registry) KeepArchiving(ctx context.Context) {
	for {
		pause := unusableInterval
		if s.redis.Usable() {
			s.resumeArchives(ctx)
			pause = resumeInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (s *Registry) resumeArchives(closed context.Context) {
	ctx, cancel := context.WithTimeout(closed, resumeInterval)
	defer cancel()
	hashes, err := shared.Hashes(ctx, s.redis, keys.Archiving)
	for _, hash := range hashes {
		err = errors.Join(err, s.finish(ctx, hash))
	}
	if err != nil && closed.Err() == nil {
		s.log.Warn("archiving goes on later", "error", err)
	}
}

package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// AddTorrent keeps a torrent and activates its transfer. Repeating it changes
// nothing, and completes what a crash broke off. The name taken by another
// torrent is tracker.ErrNameTaken, the torrent under another name
// tracker.ErrHashTaken.
func (s *Store) AddTorrent(ctx context.Context, t tracker.Torrent) (created bool, err error) {
	claimed, err := s.claimName(ctx, t)
	if err != nil {
		return false, fmt.Errorf("torrent %q: %w", t.Name, err)
	}
	status, err := s.register(ctx, t)
	if err == nil && status == registerHashTaken {
		err = tracker.ErrHashTaken
		if claimed {
			err = s.releaseName(ctx, t.Name, err)
		}
	}
	if err != nil {
		return false, fmt.Errorf("torrent %q: %w", t.Name, err)
	}
	return status == registerCreated, s.list(ctx, t.InfoHash, t.Name)
}

// list puts an active transfer, and its torrent's name if it has one, on the
// lists.
func (s *Store) list(ctx context.Context, hash tracker.InfoHash, name string) error {
	_, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := []rueidis.Completed{
			b.Zrem().Key(keyUnregistered).Member(hash.String()).Build(),
			b.Sadd().Key(keyTransfers).Member(hash.String()).Build(),
			b.Sadd().Key(keyActiveTransfers).Member(hash.String()).Build(),
		}
		if name != "" { // a deactivation elsewhere may have dropped it
			commands = append(commands, b.Hsetnx().Key(keyTorrents).Field(name).Value(hash.String()).Build())
		}
		return commands
	})
	return err
}

// claimName makes the name the torrent's, if nobody has it.
func (s *Store) claimName(ctx context.Context, t tracker.Torrent) (claimed bool, err error) {
	hash := t.InfoHash.String()
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Hsetnx().Key(keyTorrents).Field(t.Name).Value(hash).Build(),
			b.Hget().Key(keyTorrents).Field(t.Name).Build(),
		}
	})
	if err != nil {
		return false, err
	}
	if holder, err := results[1].ToString(); err != nil || holder != hash {
		return false, tracker.ErrNameTaken
	}
	return results[0].AsBool()
}

func (s *Store) releaseName(ctx context.Context, name string, reason error) error {
	_, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Hdel().Key(keyTorrents).Field(name).Build()}
	})
	if err != nil {
		return err
	}
	return reason
}

// Statuses of register.lua.
const (
	registerCreated   = 1
	registerHashTaken = 3
	registerArchiving = 4
)

// register runs register.lua. A transfer that is just being archived is
// archived to the end first.
func (s *Store) register(ctx context.Context, t tracker.Torrent) (status int64, err error) {
	for range 3 {
		r, err := s.run(ctx, registerScript, registerCall(t, s.now()), 0)
		if err != nil || r.status != registerArchiving {
			return r.status, err
		}
		if err := s.finish(ctx, t.InfoHash); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("transfer %s: is being deactivated over and over: %w", t.InfoHash, tracker.ErrUnavailable)
}

func registerCall(t tracker.Torrent, now string) scriptCall {
	k := keysOf(t.InfoHash)
	return scriptCall{
		keys: []string{k.registered(), k.closed(), k.name(), k.length(), k.torrent(), k.deregistered()},
		args: []string{now, t.Name, strconv.FormatUint(t.Length, 10), rueidis.BinaryString(t.File)},
	}
}

// Torrent returns the bytes that were uploaded, or tracker.ErrNotFound.
func (s *Store) Torrent(ctx context.Context, name string) ([]byte, error) {
	hash, err := s.torrentHash(ctx, name)
	if err != nil {
		return nil, err
	}
	file, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(keysOf(hash).torrent()).Build()
	}).AsBytes()
	return file, notFound(err)
}

// Torrents returns the info hash of each torrent's name.
func (s *Store) Torrents(ctx context.Context) (map[string]tracker.InfoHash, error) {
	entries, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hgetall().Key(keyTorrents).Build()
	}).AsStrMap()
	if err != nil {
		return nil, mapError(err)
	}
	torrents := make(map[string]tracker.InfoHash, len(entries))
	for name, hash := range entries {
		if torrents[name], err = tracker.ParseInfoHash(hash); err != nil {
			return nil, fmt.Errorf("torrent %q: %w", name, err)
		}
	}
	return torrents, nil
}

// RemoveTorrent forgets the file, not its transfer. No such torrent is
// tracker.ErrNotFound.
func (s *Store) RemoveTorrent(ctx context.Context, name string) error {
	hash, err := s.torrentHash(ctx, name)
	if err != nil {
		return err
	}
	// The name goes last: by it the rest is found again after a crash.
	err = s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Del().Key(keysOf(hash).torrent()).Build()
	}).Error()
	if err != nil {
		return mapError(err)
	}
	err = s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hdel().Key(keyTorrents).Field(name).Build()
	}).Error()
	return mapError(err)
}

func (s *Store) torrentHash(ctx context.Context, name string) (tracker.InfoHash, error) {
	digits, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hget().Key(keyTorrents).Field(name).Build()
	}).ToString()
	if err != nil {
		return tracker.InfoHash{}, notFound(err)
	}
	return tracker.ParseInfoHash(digits)
}

// notFound turns Redis' nil into tracker.ErrNotFound.
func notFound(err error) error {
	if rueidis.IsRedisNil(err) {
		return tracker.ErrNotFound
	}
	return mapError(err)
}

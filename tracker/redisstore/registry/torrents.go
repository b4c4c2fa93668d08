package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var registerScript = client.NewScript("register")

// AddTorrent keeps a torrent and activates its transfer. Repeating it changes
// nothing, and completes what a crash broke off. The name taken by another
// torrent is tracker.ErrNameTaken, the torrent under another name
// tracker.ErrHashTaken.
func (s *Registry) AddTorrent(ctx context.Context, t tracker.Torrent) (created bool, err error) {
	claimed, err := s.claimName(ctx, t)
	if err != nil {
		return false, fmt.Errorf("torrent %q: %w", t.Name, err)
	}
	status, err := s.register(ctx, t)
	if errors.Is(err, tracker.ErrHashTaken) {
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
func (s *Registry) list(ctx context.Context, hash tracker.InfoHash, name string) error {
	_, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := []rueidis.Completed{
			b.Zrem().Key(keys.Unregistered).Member(hash.String()).Build(),
			b.Sadd().Key(keys.Transfers).Member(hash.String()).Build(),
			b.Sadd().Key(keys.ActiveTransfers).Member(hash.String()).Build(),
		}
		if name != "" { // a deactivation elsewhere may have dropped it
			commands = append(commands, b.Hsetnx().Key(keys.Torrents).Field(name).Value(hash.String()).Build(),
				b.Zrem().Key(keys.SelfRegistered).Member(hash.String()).Build())
		}
		return commands
	})
	return err
}

// digestOf names the bytes of a file.
func digestOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// claimName makes the name the torrent's, if nobody has it.
func (s *Registry) claimName(ctx context.Context, t tracker.Torrent) (claimed bool, err error) {
	hash := t.InfoHash.String()
	results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Hsetnx().Key(keys.Torrents).Field(t.Name).Value(hash).Build(),
			b.Hget().Key(keys.Torrents).Field(t.Name).Build(),
		}
	})
	if err != nil {
		return false, err
	}
	if holder, err := results[1].ToString(); err != nil || holder != hash {
		return false, tracker.TakenError{Reason: tracker.ErrNameTaken, By: holder}
	}
	return results[0].AsBool()
}

func (s *Registry) releaseName(ctx context.Context, name string, reason error) error {
	_, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Hdel().Key(keys.Torrents).Field(name).Build()}
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

// register runs register.lua. A transfer that is just being archived is archived to the end
// first; a torrent under another name is tracker.ErrHashTaken.
func (s *Registry) register(ctx context.Context, t tracker.Torrent) (status int64, err error) {
	for range 3 {
		r, err := s.redis.Run(ctx, registerScript, registerCall(t, s.redis.Now()), 1)
		if err != nil {
			return 0, err
		}
		if r.Status == registerHashTaken {
			name, err := r.Values[0].ToString()
			return 0, cmp.Or(err, error(tracker.TakenError{Reason: tracker.ErrHashTaken, By: name}))
		}
		if r.Status != registerArchiving {
			return r.Status, nil
		}
		if err := s.finish(ctx, t.InfoHash); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("transfer %s: is being deactivated over and over: %w", t.InfoHash, tracker.ErrUnavailable)
}

func registerCall(t tracker.Torrent, now string) client.Call {
	k := keys.Of(t.InfoHash)
	return client.Call{
		Keys: []string{k.Registered(), k.Closed(), k.Name(), k.Length(), k.Torrent(), k.Deregistered(), k.Digest()},
		Args: []string{now, t.Name, strconv.FormatUint(t.Length, 10), rueidis.BinaryString(t.File), digestOf(t.File)},
	}
}

// Torrent says which file has a name now, or tracker.ErrNotFound.
func (s *Registry) Torrent(ctx context.Context, name string) (tracker.TorrentFile, error) {
	hash, err := s.torrentHash(ctx, name)
	if err != nil {
		return tracker.TorrentFile{}, err
	}
	k := keys.Of(hash)
	results, err := s.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Get().Key(k.Digest()).Build(), b.Strlen().Key(k.Torrent()).Build()}
	})
	if err != nil {
		return tracker.TorrentFile{}, err
	}
	digest, _ := results[0].ToString()
	size, err := results[1].AsInt64()
	if err == nil && size == 0 { // a crash took the file, and left the name
		err = tracker.ErrNotFound
	}
	return tracker.TorrentFile{InfoHash: hash, Digest: versionOf(hash, digest, size), Size: size}, err
}

// TorrentBytes returns the bytes of a file, and which they are by now, since it may have been
// registered again meanwhile. Without one it is tracker.ErrNotFound.
func (s *Registry) TorrentBytes(ctx context.Context, hash tracker.InfoHash) (file []byte, digest string, err error) {
	k := keys.Of(hash)
	values, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Mget().Key(k.Digest(), k.Torrent()).Build()
	}).ToArray()
	if err != nil || len(values) != 2 {
		return nil, "", fmt.Errorf("torrent of %s: %d values: %w", hash, len(values), client.MapError(err))
	}
	digest, _ = values[0].ToString()
	if file, err = values[1].AsBytes(); err != nil {
		return nil, "", notFound(err)
	}
	return file, versionOf(hash, digest, int64(len(file))), nil
}

// versionOf names the bytes of a file by their digest. A file of an earlier version of the tracker
// has none: its transfer and size name it, as long as nobody registers it again.
func versionOf(hash tracker.InfoHash, digest string, size int64) string {
	if digest == "" {
		return fmt.Sprintf("%s-%d", hash, size)
	}
	return digest
}

// Torrents returns a page of the torrents, by name.
func (s *Registry) Torrents(ctx context.Context, cursor string, limit int) (tracker.TorrentPage, error) {
	type entry struct{ name, hash string }
	entries, next, err := readPage(cursor, limit, limit, func(cursor uint64, count int) ([]entry, uint64, error) {
		scan, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Hscan().Key(keys.Torrents).Cursor(cursor).Count(int64(count)).Build()
		}).AsScanEntry()
		entries := make([]entry, 0, len(scan.Elements)/2)
		for pair := range slices.Chunk(scan.Elements, 2) {
			entries = append(entries, entry{pair[0], pair[len(pair)-1]})
		}
		return entries, scan.Cursor, client.MapError(err)
	})
	if err != nil {
		return tracker.TorrentPage{}, err
	}
	page := tracker.TorrentPage{Torrents: make(map[string]tracker.InfoHash, len(entries)), Next: next}
	for _, e := range entries {
		if page.Torrents[e.name], err = tracker.ParseInfoHash(e.hash); err != nil {
			return page, fmt.Errorf("torrent %q: %q is no info hash", e.name, e.hash) // no client's fault
		}
	}
	return page, nil
}

// RemoveTorrent forgets the file, not its transfer. No such torrent is
// tracker.ErrNotFound.
func (s *Registry) RemoveTorrent(ctx context.Context, name string) error {
	hash, err := s.torrentHash(ctx, name)
	if err != nil {
		return err
	}
	// The name goes last: by it the rest is found again after a crash.
	err = s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Del().Key(keys.Of(hash).Torrent(), keys.Of(hash).Digest()).Build()
	}).Error()
	if err != nil {
		return client.MapError(err)
	}
	err = s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hdel().Key(keys.Torrents).Field(name).Build()
	}).Error()
	return client.MapError(err)
}

func (s *Registry) torrentHash(ctx context.Context, name string) (tracker.InfoHash, error) {
	digits, err := s.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Hget().Key(keys.Torrents).Field(name).Build()
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
	return client.MapError(err)
}

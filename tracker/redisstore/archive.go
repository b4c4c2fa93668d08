package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// archiveStep is how many hosts or racks one call of archive.lua moves: about
// a millisecond of Redis.
const archiveStep = 200

// Deactivate ends a transfer: at once for announces and lists, then its keys are
// archived in bounded steps. What is left of those at the deadline, or after a
// crash, some frontend's watch does. No such transfer is tracker.ErrNotFound.
func (s *Store) Deactivate(ctx context.Context, hash tracker.InfoHash) error {
	if err := s.setArchiving(ctx, hash); err != nil {
		return err
	}
	r, err := s.run(ctx, closeScript, s.closeCall(hash), 1)
	if err != nil {
		return err
	}
	if r.status == 0 {
		return s.doneArchiving(ctx, hash, tracker.ErrNotFound)
	}
	name, err := r.values[0].ToString()
	if err != nil {
		return fmt.Errorf("script close: name: %w", err)
	}
	if err := s.dropName(ctx, hash, name); err != nil {
		return err
	}
	if err := s.archive(ctx, hash); err != nil {
		s.log.Warn("archiving goes on later", "transfer", hash, "error", err)
	}
	return nil
}

func (s *Store) closeCall(hash tracker.InfoHash) scriptCall {
	k := keysOf(hash)
	return scriptCall{
		keys: []string{k.registered(), k.closed(), k.deregistered(), k.name()},
		args: []string{s.now(), s.archiveTTL()},
	}
}

func (s *Store) archiveTTL() string { return strconv.Itoa(int(s.opts.ArchiveTTL.Seconds())) }

// dropName takes the transfer off the lists. The name may belong to another
// torrent by now.
func (s *Store) dropName(ctx context.Context, hash tracker.InfoHash, name string) error {
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Srem().Key(keyActiveTransfers).Member(hash.String()).Build(),
			b.Hget().Key(keyTorrents).Field(name).Build(),
		}
	})
	if err != nil {
		return err
	}
	if holder, _ := results[1].ToString(); holder != hash.String() { // or there is none
		return nil
	}
	_, err = s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Hdel().Key(keyTorrents).Field(name).Build()}
	})
	return err
}

// archive moves the keys of a closed transfer, until none is left. A transfer
// that is not closed is left alone.
func (s *Store) archive(ctx context.Context, hash tracker.InfoHash) error {
	call := s.archiveCall(hash)
	for {
		r, err := s.run(ctx, archiveScript, call, 0)
		if err != nil {
			return err
		}
		if r.status == 0 {
			return s.doneArchiving(ctx, hash, nil)
		}
	}
}

func (s *Store) archiveCall(hash tracker.InfoHash) scriptCall {
	k := keysOf(hash)
	return scriptCall{
		keys: []string{
			k.deregistered(), k.peers(), k.racks(),
			k.name(), k.length(), k.torrent(),
			k.firstStarted(), k.lastStarted(), k.firstCompleted(), k.lastCompleted(),
			k.representatives(), k.seeders(), k.leechers(), k.paused(),
			k.hosts(), k.progress(), k.expires(),
		},
		args: []string{strconv.Itoa(archiveStep), s.archiveTTL()},
	}
}

// The set of transfers being archived tells a later watch what to finish.

func (s *Store) setArchiving(ctx context.Context, hash tracker.InfoHash) error {
	_, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Sadd().Key(keyArchiving).Member(hash.String()).Build()}
	})
	return err
}

func (s *Store) doneArchiving(ctx context.Context, hash tracker.InfoHash, outcome error) error {
	_, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Srem().Key(keyArchiving).Member(hash.String()).Build()}
	})
	if err != nil {
		return err
	}
	return outcome
}

// resumeArchives finishes what was broken off, by whichever frontend.
func (s *Store) resumeArchives(ctx context.Context) {
	hashes, err := s.hashes(ctx, keyArchiving)
	for _, hash := range hashes {
		if err == nil {
			err = s.archive(ctx, hash)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("archiving goes on later", "error", err)
	}
}

package redisstore

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	watchInterval  = time.Second      // between looks at Redis
	resumeInterval = 30 * time.Second // between looks for archives left unfinished
	schemaVersion  = "5"              // of the key model
)

var errEmpty = fmt.Errorf("%w: redis is empty and being prepared", tracker.ErrUnavailable)

var errSchema = errors.New("redis holds another version of the key model, expected " + schemaVersion)

// watch connects, and from then on looks at Redis in intervals, so that what
// changes is logged once: it went away, it is back, it came back empty.
func (s *Store) watch(ctx context.Context) {
	up, seen := true, false
	var resumed time.Time
	for {
		empty, err := s.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && up:
			s.log.Error("store cannot be used; trying again", "address", s.opts.Addr, "error", err)
		case err == nil && !(up && seen):
			s.log.Info("store is ready", "address", s.opts.Addr)
		}
		if empty {
			if seen {
				s.log.Error("store lost its data: the torrents must be registered again", "address", s.opts.Addr)
			}
			err = s.prepare(ctx)
		}
		up, seen = err == nil, seen || err == nil
		if up && time.Since(resumed) > resumeInterval {
			resumed = time.Now()
			s.resumeArchives(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchInterval):
		}
	}
}

// look connects if need be, and reads and writes the mark that tells which key
// model Redis holds: a Redis that refuses to write is as good as none. An empty
// one has no mark.
func (s *Store) look(ctx context.Context) (empty bool, err error) {
	if s.connected.Load() == nil {
		if err := s.connect(); err != nil {
			return false, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	version, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(keySchema).Build()
	}).ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return true, nil
	case err != nil:
		return false, mapError(err)
	case version != schemaVersion:
		return false, fmt.Errorf("%w: found %q", errSchema, version)
	}
	err = s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(keySchema).Value(schemaVersion).Xx().Build()
	}).Error()
	if rueidis.IsRedisNil(err) {
		return true, nil
	}
	return false, mapError(err)
}

// prepare gives an empty Redis the mark.
func (s *Store) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(keySchema).Value(schemaVersion).Nx().Build()
	}).Error()
	if rueidis.IsRedisNil(err) { // another frontend was first
		return nil
	}
	return mapError(err)
}

// Ready says whether Redis answers, holds our key model, and has the scripts;
// it loads those that are missing.
func (s *Store) Ready(ctx context.Context) error {
	if _, err := s.client(); err != nil {
		return err
	}
	empty, err := s.look(ctx)
	if err != nil {
		return err
	}
	if empty {
		return errEmpty
	}
	return s.loadScripts(ctx)
}

// loadScripts gives every server the scripts it lacks; of a cluster each has its own. One
// that does not answer, such as a replica, is passed over: a script that is missing is sent
// along with its call.
func (s *Store) loadScripts(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	for _, node := range client.Nodes() {
		err := loadInto(ctx, node)
		if _, refused := rueidis.IsRedisErr(err); refused {
			return mapError(err)
		}
	}
	return nil
}

func loadInto(ctx context.Context, node rueidis.Client) error {
	names := slices.Sorted(maps.Keys(lua.All))
	exists := node.B().ScriptExists().Sha1(sha1Of(lua.All[names[0]]))
	for _, name := range names[1:] {
		exists = exists.Sha1(sha1Of(lua.All[name]))
	}
	loaded, err := node.Do(ctx, exists.Build()).AsIntSlice()
	if err != nil || len(loaded) != len(names) {
		return fmt.Errorf("script exists: %d values: %w", len(loaded), err)
	}
	for i, name := range names {
		if loaded[i] != 0 {
			continue
		}
		if err := node.Do(ctx, node.B().ScriptLoad().Script(lua.All[name]).Build()).Error(); err != nil {
			return err
		}
	}
	return nil
}

func sha1Of(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}

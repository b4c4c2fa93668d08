package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
)

const (
	watchInterval  = time.Second      // between looks at Redis
	resumeInterval = 30 * time.Second // between looks for archives left unfinished
	schemaVersion  = "1"              // of the key model
)

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
			s.log.Error("redis cannot be used; trying again", "address", s.opts.Addr, "error", err)
		case err == nil && !(up && seen):
			s.log.Info("redis is ready", "address", s.opts.Addr)
		}
		if empty && seen {
			s.log.Error("redis lost its data: the torrents must be registered again", "address", s.opts.Addr)
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

// look connects if need be and reads the mark that tells which key model Redis
// holds. An empty Redis gets the mark, and the scripts.
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
		return true, s.mark(ctx)
	case err != nil:
		return false, mapError(err)
	case version != schemaVersion:
		return false, fmt.Errorf("%w: found %q", errSchema, version)
	}
	return false, nil
}

func (s *Store) mark(ctx context.Context) error {
	_, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := []rueidis.Completed{b.Set().Key(keySchema).Value(schemaVersion).Nx().Build()}
		for _, source := range lua.All {
			commands = append(commands, b.ScriptLoad().Script(source).Build())
		}
		return commands
	})
	return err
}

// Ready says whether Redis answers, holds our key model, and has the scripts;
// it loads those that are missing.
func (s *Store) Ready(ctx context.Context) error {
	if _, err := s.client(); err != nil {
		return err
	}
	if _, err := s.look(ctx); err != nil {
		return err
	}
	return s.mark(ctx)
}

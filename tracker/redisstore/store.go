// Package redisstore keeps the tracker's state in Redis. Only it and the packages in its folder talk to
// Redis. What lies in other slots than the transfer's is updated after an announce by idempotent commands.
package redisstore

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/registry"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// Options say where Redis is and what the store is to keep.
type Options struct {
	Addr       string // host:port; of a Redis Cluster, any of its nodes
	Username   string
	Password   string
	DB         int
	Timeout    time.Duration // of a connection attempt, and of a server that does not answer
	ArchiveTTL time.Duration // how long a deactivated transfer is kept
	PeerTTL    time.Duration // that of announces' Rules; 0: statistics let nobody go who was silent for too long

	// Single says that Addr is no Redis Cluster; otherwise it is asked.
	Single bool

	// Metrics, if set, is where the store's counters are registered.
	Metrics prometheus.Registerer

	// Now, if set, replaces the clock of Redis in tests.
	Now func() time.Time
}

// Setting is one that must be alike on all frontends.
type Setting = shared.Setting

// Subjects are those of a store over one connection to Redis.
type Subjects struct {
	*registry.Registry
	*swarm.Swarm
	redis *client.Redis
}

// Ready looks at Redis: see client.Redis.
func (s *Subjects) Ready(ctx context.Context) error { return s.redis.Ready(ctx) }

// Warnings are what an operator should know though the store can be used, in words that anybody may
// read.
func (s *Subjects) Warnings() []string { return s.redis.Warnings() }

// Store is a tracker.Store on Redis, and what the REST interface reads and
// writes. It is safe for concurrent use.
type Store struct {
	Subjects
	aside    Subjects
	notes    *shared.Notes
	settings *shared.Settings
	log      *slog.Logger

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// Open returns a store at once. It connects in the background, for as long as
// it takes; until then every call is a tracker.ErrUnavailable.
func Open(opts Options, log *slog.Logger) *Store {
	redis := client.Open(client.Options{
		Addr: opts.Addr, Username: opts.Username, Password: opts.Password, DB: opts.DB, Timeout: opts.Timeout,
		Single: opts.Single, Now: opts.Now,
	}, log)
	announces, aside := redis.Announces(), redis.Aside()
	swarms := swarm.New(announces, opts.Metrics, log)
	lifetimes := registry.Options{ArchiveTTL: opts.ArchiveTTL, PeerTTL: opts.PeerTTL}
	over := func(c *client.Client, swarms *swarm.Swarm) Subjects {
		return Subjects{registry.New(c, swarms, lifetimes, log), swarms, redis}
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		Subjects: over(announces, swarms),
		aside:    over(aside, swarms.Over(aside)),
		notes:    shared.NewNotes(announces, log),
		settings: shared.NewSettings(announces, opts.Metrics, log),
		log:      log,
		stop:     stop,
	}
	s.stopped.Go(func() { s.notes.Write(ctx) })
	s.stopped.Go(func() { s.KeepArchiving(ctx) })
	s.stopped.Go(func() { swarms.Run(ctx) })
	return s
}

// Close ends the background work and the connections.
func (s *Store) Close() {
	s.stop()
	s.stopped.Wait()
	s.redis.Close()
}

// Announce implements tracker.Store. Nearly all announces end with the first step. What lies in other
// slots of Redis is noted after the last one, in the background.
func (s *Store) Announce(ctx context.Context, a tracker.Announce) (tracker.Handout, error) {
	done, err := s.Swarm.Announce(ctx, a)
	if err == nil && done.Unknown {
		done, err = s.RegisterItself(ctx, a, done)
	}
	if err == nil && !done.Active {
		done.Forgotten, err = s.redis.Forgets(ctx)
	}
	if err != nil {
		return tracker.Handout{}, err
	}
	s.notes.Note(a, done.Active, done.Joined)
	return done.Handout, nil
}

// Aside returns the subjects over a connection of its own, which delays no announce.
func (s *Store) Aside() *Subjects { return &s.aside }

// Locations remembers each location for so long (LOCATION_MAX_STALE).
func (s *Store) Locations(keep time.Duration) *shared.Locations {
	return shared.NewLocations(s.redis.Announces(), keep)
}

// Secrets begins to keep the secrets of connection ids, in the background.
func (s *Store) Secrets() *shared.Secrets { return shared.KeepSecrets(s.redis.Announces(), s.log) }

// Compare holds settings against those of all other frontends, in the background until it is ended.
func (s *Store) Compare(settings []Setting) (end func()) { return s.settings.Compare(settings) }

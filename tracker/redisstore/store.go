// Package redisstore keeps the tracker's state in Redis, and is the only
// package that talks to it. Each announce is decided and recorded by one EVALSHA of a
// script of package lua; what lies in other slots is updated after it by idempotent commands.
package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
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

// Store is a tracker.Store on Redis, and what the REST interface reads and
// writes. It is safe for concurrent use.
type Store struct {
	opts       Options
	log        *slog.Logger
	dialed     atomic.Pointer[rueidis.Client]
	connected  atomic.Pointer[rueidis.Client] // the same, while calls are let through
	aside      *Store                         // see Aside; it has none itself
	notes      *notebook
	background *background
	scans      *otter.Cache[scanKey, time.Duration]
	metrics    storeMetrics

	looking   chan struct{}          // is full while a look is under way
	hurry     chan struct{}          // is full if the next look should be at once
	gate      sync.Mutex             // under which connected changes
	losses    int                    // of connections; under gate
	proved    time.Time              // when the user was seen to be allowed all; of looks
	reported  string                 // what the log says of Redis; of looks
	doubts    *doubts                // what calls met
	data      atomic.Pointer[string] // names the data that Redis holds
	forgotten atomic.Bool            // Redis lost its data a short while ago
	eviction  atomic.Pointer[string] // its maxmemory-policy
	evicting  chan struct{}          // is full while an announce makes room for a transfer that registers itself

	// Lines logged: of an address that is full, of transfers that do not register themselves, of
	// replies that make no sense.
	crowded, full, oddReplies tracker.LogLimiter

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

var errNotUsable = fmt.Errorf("%w: not seen to be usable", tracker.ErrUnavailable)

// Open returns a store at once. It connects in the background, for as long as
// it takes; until then every call is a tracker.ErrUnavailable.
func Open(opts Options, log *slog.Logger) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		opts: opts, log: log, stop: stop, doubts: &doubts{},
		looking: make(chan struct{}, 1), hurry: make(chan struct{}, 1), evicting: make(chan struct{}, 1),
	}
	s.notes = newNotebook()
	s.background = newBackground()
	s.scans = newScans()
	s.metrics = newStoreMetrics(opts.Metrics)
	s.aside = s.besides()
	s.stopped.Go(func() { s.watch(ctx) })
	s.stopped.Go(func() { s.writeNotes(ctx) })
	s.stopped.Go(func() { s.keepArchiving(ctx) })
	for range taskWorkers {
		s.stopped.Go(func() { s.runTasks(ctx) })
	}
	return s
}

// Close ends the background work and the connections.
func (s *Store) Close() {
	s.stop()
	s.stopped.Wait()
	s.disconnect()
}

// do sends one plain command.
func (s *Store) do(ctx context.Context, build func(rueidis.Builder) rueidis.Completed) rueidis.RedisResult {
	results, err := s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{build(b)}
	})
	if err != nil {
		return rueidis.NewErrorResult(err)
	}
	return results[0]
}

// doAll sends plain commands in one go: those of one transfer, or of one global
// key, in their order; the others, which may lie on several nodes of a cluster, in
// any. The error is that of the first command that failed; a nil reply is none.
func (s *Store) doAll(ctx context.Context, build func(rueidis.Builder) []rueidis.Completed) ([]rueidis.RedisResult, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	results := client.DoMulti(ctx, build(client.B())...)
	for _, result := range results {
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return nil, s.heed(mapError(err))
		}
	}
	return results, nil
}

// now is the first argument of the scripts that read a clock.
func (s *Store) now() string {
	if s.opts.Now == nil {
		return ""
	}
	return fmt.Sprint(s.opts.Now().Unix())
}

// nowMicro is that of a script that reads it in microseconds.
func (s *Store) nowMicro() string {
	if s.opts.Now == nil {
		return ""
	}
	return fmt.Sprint(s.opts.Now().UnixMicro())
}

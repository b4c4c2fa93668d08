// Package client is the way to Redis: it connects, finds out whether Redis can be used, and sends
// commands and scripts. It knows nothing of what they are for.
package client

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Options say where Redis is.
type Options struct {
	Addr     string // host:port; of a Redis Cluster, any of its nodes
	Username string
	Password string
	DB       int
	Timeout  time.Duration // of a connection attempt, and of a server that does not answer

	// Single says that Addr is no Redis Cluster; otherwise it is asked.
	Single bool

	// Now, if set, replaces the clock of Redis in tests.
	Now func() time.Time
}

// Redis is one server or a cluster, as it is seen from here. It is looked at in an interval, and lets
// the calls of its clients through while it can be used.
type Redis struct {
	opts      Options
	log       *slog.Logger
	announces *Client
	aside     *Client
	doubts    *doubts // what calls met

	looking   chan struct{}          // is full while a look is under way
	hurry     chan struct{}          // is full if the next look should be at once
	gate      sync.Mutex             // under which connected changes
	losses    int                    // of connections; under gate
	proved    time.Time              // when the user was seen to be allowed all; of looks
	reported  string                 // what the log says of Redis; of looks
	data      atomic.Pointer[string] // names the data that Redis holds
	forgotten atomic.Bool            // Redis lost its data a short while ago
	eviction  atomic.Pointer[string] // its maxmemory-policy

	oddReplies tracker.LogLimiter

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// Open returns at once. It connects in the background, for as long as it takes; until then every call
// is a tracker.ErrUnavailable.
func Open(opts Options, log *slog.Logger) *Redis {
	ctx, stop := context.WithCancel(context.Background())
	doubts := &doubts{}
	r := &Redis{
		opts: opts, log: log, stop: stop, doubts: doubts,
		announces: &Client{opts: opts, doubts: doubts}, aside: &Client{opts: opts, doubts: doubts},
		looking: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
	}
	r.stopped.Go(func() { r.watch(ctx) })
	return r
}

// Announces is the client of announces, and of all that is as short.
func (r *Redis) Announces() *Client { return r.announces }

// Aside is a client over a connection of its own. What it is asked there, such as long
// lists and torrents' files, delays no announce; there is one connection, so that Redis reads no
// more of it at a time than of one client.
func (r *Redis) Aside() *Client { return r.aside }

// Close ends the background work and the connections.
func (r *Redis) Close() {
	r.stop()
	r.stopped.Wait()
	r.disconnect()
}

// Package registry keeps which transfers there are: their torrents, lists and statistics, how they begin
// and end, and what is archived of them.
package registry

import (
	"log/slog"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// Options say how long what is kept.
type Options struct {
	ArchiveTTL time.Duration // how long a deactivated transfer is kept
	PeerTTL    time.Duration // that of announces' Rules; 0: statistics let nobody go who was silent for too long
}

// Registry is safe for concurrent use.
type Registry struct {
	redis *client.Client
	swarm *swarm.Swarm
	opts  Options
	log   *slog.Logger

	evicting chan struct{}      // is full while an announce makes room for a transfer that registers itself
	full     tracker.LogLimiter // of lines of transfers that do not register themselves
}

// New returns one over a client, and a swarm over the same.
func New(redis *client.Client, s *swarm.Swarm, opts Options, log *slog.Logger) *Registry {
	return &Registry{redis: redis, swarm: s, opts: opts, log: log, evicting: make(chan struct{}, 1)}
}

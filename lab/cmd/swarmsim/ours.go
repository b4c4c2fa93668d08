package main

import (
	"context"
	"crypto/sha1"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

// Trackers.
const (
	ours  = "ours"
	flat  = "flat"
	naive = "naive"
)

// Redises.
const (
	redisStart    = "start"
	redisEmbedded = "embedded"
)

// epoch is when simulated time begins, for the tracker.
var epoch = time.Unix(1_800_000_000, 0).UTC()

// backend is what our tracker keeps its state in. It is opened when it is needed first.
type backend struct {
	redis   string
	store   *redisstore.Store
	now     time.Time
	closers []func()
}

// tracker is a new one for a case.
func (b *backend) tracker(k experiment.Case, seed uint64, o *options) (swarmsim.Tracker, error) {
	switch k.Tracker {
	case flat:
		return newPlain(seed, o.maxPeers, 0), nil
	case naive:
		return newPlain(seed, o.maxPeers, k.Representatives), nil
	}
	if b.store == nil {
		if err := b.open(); err != nil {
			return nil, err
		}
	}
	return &realTracker{
		backend: b, hash: sha1.Sum(fmt.Append(nil, k, seed)),
		rules: tracker.Rules{
			MaxReprRack: k.Representatives, OutsidePeers: o.outsidePeers, MaxPeers: o.maxPeers,
			PeerTTL: o.ttl, ProbeInterval: o.probe, AutoRegister: true, AutoRegisterMax: 1e6, HostsPerAddress: 256,
		},
	}, nil
}

// open starts a Redis, if it is to, and connects to it.
func (b *backend) open() error {
	opts := redisstore.Options{Addr: b.redis, Timeout: time.Minute, ArchiveTTL: time.Hour, Single: true, Now: func() time.Time { return b.now }}
	switch b.redis {
	case redisStart:
		server, err := redistest.New()
		if err != nil {
			return err
		}
		b.closers = append(b.closers, server.Close)
		opts.Addr = server.Addr
	case redisEmbedded:
		embedded, err := redisstore.StartEmbedded()
		if err != nil {
			return err
		}
		b.closers = append(b.closers, embedded.Close)
		opts.Addr, opts.Password = embedded.Addr(), embedded.Password()
	}
	b.store = redisstore.Open(opts, slog.New(slog.DiscardHandler))
	b.closers = append(b.closers, b.store.Close)
	return servers.Await(context.Background(), "redis", func() error { return b.store.Ready(context.Background()) })
}

func (b *backend) close() {
	for _, closer := range slices.Backward(b.closers) {
		closer()
	}
}

// realTracker is ours, with simulated time.
type realTracker struct {
	*backend
	hash  tracker.InfoHash
	rules tracker.Rules
}

// announceTime bounds a call to Redis, in real time.
const announceTime = time.Minute

// Announce implements swarmsim.Tracker.
func (t *realTracker) Announce(now time.Duration, a tracker.Announce) (tracker.Handout, error) {
	t.now = epoch.Add(now)
	a.InfoHash, a.Rules = t.hash, t.rules
	ctx, cancel := context.WithTimeout(context.Background(), announceTime)
	defer cancel()
	return t.store.Announce(ctx, a)
}

// Probed implements swarmsim.Tracker.
func (t *realTracker) Probed(now time.Duration, c tracker.Check, took time.Duration, alive bool) (tracker.Check, bool, error) {
	t.now = epoch.Add(now)
	ctx, cancel := context.WithTimeout(context.Background(), announceTime)
	defer cancel()
	next, verdict, err := t.store.ReportProbe(ctx, c, took, alive, t.rules)
	return next, verdict == tracker.ProbeAgain, err
}

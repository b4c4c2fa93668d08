package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
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

// site is where our tracker keeps its state. It is set up when it is needed first.
type site struct {
	redis    string
	store    *redisstore.Store
	now      time.Time
	cleanups []func()
}

// tracker is a new one for a case.
func (s *site) tracker(k experiment.Case, seed uint64, o *options) (swarmsim.Tracker, error) {
	switch k.Tracker {
	case flat:
		return newPlain(seed, o.maxPeers, 0), nil
	case naive:
		return newPlain(seed, o.maxPeers, k.Representatives), nil
	}
	if s.store == nil {
		if err := s.open(); err != nil {
			return nil, err
		}
	}
	return &realTracker{
		site: s, hash: sha1.Sum(fmt.Append(nil, k, seed)),
		rules: tracker.Rules{
			MaxReprRack: k.Representatives, OutsidePeers: o.outsidePeers, MaxPeers: o.maxPeers,
			PeerTTL: o.ttl, ProbeInterval: o.probe, AutoRegister: true, AutoRegisterMax: 1e6, HostsPerAddress: 256,
		},
	}, nil
}

// open starts a Redis, if it is to, and connects to it.
func (s *site) open() (err error) {
	opts := redisstore.Options{Addr: s.redis, Timeout: time.Minute, ArchiveTTL: time.Hour, Single: true, Now: func() time.Time { return s.now }}
	switch s.redis {
	case redisStart:
		defer rescue(&err)
		opts.Addr = redistest.Start(s).Addr
	case redisEmbedded:
		embedded, err := redisstore.StartEmbedded()
		if err != nil {
			return err
		}
		s.Cleanup(embedded.Close)
		opts.Addr, opts.Password = embedded.Addr(), embedded.Password()
	}
	s.store = redisstore.Open(opts, slog.New(slog.DiscardHandler))
	s.Cleanup(s.store.Close)
	for range 1000 {
		if err = s.store.Ready(context.Background()); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("redis: %w", err)
}

func (s *site) close() {
	for len(s.cleanups) > 0 {
		last := len(s.cleanups) - 1
		s.cleanups[last]()
		s.cleanups = s.cleanups[:last]
	}
}

// realTracker is ours, with simulated time.
type realTracker struct {
	*site
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

// Helper, Fatal, Fatalf, TempDir and Cleanup are what redistest wants of a test.
func (s *site) Helper() {}

// Cleanup registers what close calls, the last first.
func (s *site) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// siteError is what Fatal panics with; rescue makes an error of it.
type siteError struct{ error }

func rescue(err *error) {
	switch failed := recover().(type) {
	case nil:
	case siteError:
		*err = failed.error
	default:
		panic(failed)
	}
}

// Fatal gives up.
func (s *site) Fatal(args ...any) { panic(siteError{errors.New(fmt.Sprint(args...))}) }

// Fatalf gives up.
func (s *site) Fatalf(format string, args ...any) { panic(siteError{fmt.Errorf(format, args...)}) }

// TempDir is a new directory.
func (s *site) TempDir() string {
	dir, err := os.MkdirTemp("", "swarmsim")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

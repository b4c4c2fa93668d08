package registry

import (
	"context"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// What only tests see.
const (
	ArchiveStep = archiveStep
)

// Shut is the first step of Deactivate, and Move one of those of its archive.
func (s *Registry) Shut(ctx context.Context, hash tracker.InfoHash) error {
	_, err := s.redis.Run(ctx, closeScript, s.closeCall(hash, false), 1)
	return err
}

func (s *Registry) Move(ctx context.Context, hash tracker.InfoHash) error {
	_, err := s.redis.Run(ctx, archiveScript, s.archiveCall(hash), 0)
	return err
}

func (s *Registry) SetArchiving(ctx context.Context, hash tracker.InfoHash) error {
	return s.setArchiving(ctx, hash)
}

func (s *Registry) ResumeArchives(ctx context.Context) { s.resumeArchives(ctx) }

func (s *Registry) Unlist(ctx context.Context, hash tracker.InfoHash, name string) error {
	return s.unlist(ctx, hash, name)
}

// Evict is as if an announce made room, until it ends.
func (s *Registry) Evict() (end func()) {
	s.evicting <- struct{}{}
	return func() { <-s.evicting }
}

// Calls are one call of each script of this package.
func (s *Registry) Calls(torrent tracker.Torrent, a tracker.Announce) map[string]client.Call {
	now := s.redis.Now()
	return map[string]client.Call{
		"statistics": s.statisticsCall(a.InfoHash),
		"register":   registerCall(torrent, now),
		"close":      s.closeCall(a.InfoHash, false),
		"archive":    s.archiveCall(a.InfoHash),
		"reserve":    reserveCall(a, now, nil, nil),
		"evict":      evictCall(a.InfoHash, now, a.PeerTTL),
	}
}

package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Errands are what an announce leaves to do in other slots that decides nothing of its
// reply: leases to renew and to settle. One that is lost is made good: a lease runs out,
// or is found to be doubtful.

const (
	errandsPending = 4096 // further ones are lost
	errandWorkers  = 4
	errandTimeout  = 5 * time.Second
)

type errand func(ctx context.Context) error

type errands struct {
	queue   chan errand
	pending atomic.Int64 // queued or under way
}

func newErrands() *errands { return &errands{queue: make(chan errand, errandsPending)} }

// later queues an errand.
func (s *Store) later(e errand) {
	s.errands.pending.Add(1)
	select {
	case s.errands.queue <- e:
	default:
		s.errands.pending.Add(-1)
		s.metrics.leases.WithLabelValues("dropped").Inc()
	}
}

func (s *Store) settleLater(l lease, ttl time.Duration) {
	s.later(func(ctx context.Context) error { return s.settle(ctx, l, ttl) })
}

// follow does what a script told, counts, and logs. by is the announce that it told it to, or that has
// the rules only.
func (s *Store) follow(t told, by tracker.Announce) {
	s.metrics.promotions.Add(float64(t.promoted))
	for _, n := range t.news {
		if n.what == wordDemoted {
			s.metrics.demotions.WithLabelValues(n.words[0]).Inc()
		}
		s.publish(n, by)
	}
	if len(t.settle)+len(t.renew) > 0 {
		s.later(func(ctx context.Context) error { return s.tidy(ctx, t, by.Rules) })
	}
}

// tidy settles leases before it renews others, which may need their places.
func (s *Store) tidy(ctx context.Context, t told, rules tracker.Rules) (err error) {
	for _, l := range t.settle {
		err = errors.Join(err, s.settle(ctx, l, rules.PeerTTL))
	}
	for _, l := range t.renew {
		err = errors.Join(err, s.renew(ctx, l, rules))
	}
	return err
}

// runErrands runs errands until the store is closed.
func (s *Store) runErrands(ctx context.Context) {
	for {
		select {
		case e := <-s.errands.queue:
			s.runErrand(ctx, e)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) runErrand(ctx context.Context, e errand) {
	defer s.errands.pending.Add(-1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), errandTimeout)
	defer cancel()
	if err := e(ctx); err != nil {
		s.leaseLeft(err)
	}
}

// leaseLeft counts a step that failed, and is made good later.
func (s *Store) leaseLeft(err error) {
	s.metrics.leases.WithLabelValues("failed").Inc()
	s.log.Debug("lease left over", "error", err)
}

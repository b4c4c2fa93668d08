package swarm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// Background tasks are what an announce leaves to do in other slots that decides nothing of its
// reply: leases to renew and to settle. One that is lost is made good: a lease runs out,
// or is found to be doubtful.

const (
	tasksPending = 4096 // further ones are lost
	taskWorkers  = 4
	taskTimeout  = 5 * time.Second
)

type task func(ctx context.Context) error

type background struct {
	queue   chan task
	pending atomic.Int64 // queued or under way
}

func newBackground() *background { return &background{queue: make(chan task, tasksPending)} }

// later queues a task.
func (s *Swarm) later(t task) {
	s.background.pending.Add(1)
	select {
	case s.background.queue <- t:
	default:
		s.background.pending.Add(-1)
		s.metrics.leases.WithLabelValues("dropped").Inc()
	}
}

// Pending is how many tasks are queued or under way.
func (s *Swarm) Pending() int { return int(s.background.pending.Load()) }

func (s *Swarm) settleLater(l lease, ttl time.Duration) {
	s.later(func(ctx context.Context) error { return s.settle(ctx, l, ttl) })
}

// follow does what a script told, counts, and logs. by is the announce that it told it to, or that has
// the rules only.
func (s *Swarm) follow(e effects, by tracker.Announce) {
	s.metrics.promotions.Add(float64(e.promoted))
	for _, n := range e.news {
		if n.what == wordDemoted {
			s.metrics.demotions.WithLabelValues(n.words[0]).Inc()
		}
		s.publish(n, by)
	}
	if len(e.settle)+len(e.renew) > 0 {
		s.later(func(ctx context.Context) error { return s.tidy(ctx, e, by.Rules) })
	}
}

// Follow does what a script told of a transfer, counts, and logs: what the script told is a value of its
// reply, counted from 0.
func (s *Swarm) Follow(r client.Reply, value int, hash tracker.InfoHash, rules tracker.Rules) error {
	e, err := readEffects(r.Values[value], hash)
	if err != nil {
		return fmt.Errorf("script %s: effects: %w", r.Script, err)
	}
	s.follow(e, tracker.Announce{Rules: rules})
	return nil
}

// tidy settles leases before it renews others, which may need their places.
func (s *Swarm) tidy(ctx context.Context, e effects, rules tracker.Rules) (err error) {
	for _, l := range e.settle {
		err = errors.Join(err, s.settle(ctx, l, rules.PeerTTL))
	}
	for _, l := range e.renew {
		err = errors.Join(err, s.renew(ctx, l, rules))
	}
	return err
}

// Run does what announces leave to do, until the context is done.
func (s *Swarm) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range taskWorkers {
		workers.Go(func() { s.runTasks(ctx) })
	}
	workers.Wait()
	s.scans.StopAllGoroutines()
}

// runTasks runs tasks until the context is done.
func (s *Swarm) runTasks(ctx context.Context) {
	for {
		select {
		case t := <-s.background.queue:
			s.runTask(ctx, t)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Swarm) runTask(ctx context.Context, t task) {
	defer s.background.pending.Add(-1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), taskTimeout)
	defer cancel()
	if err := t(ctx); err != nil {
		s.leaseLeft(err)
	}
}

// leaseLeft counts a step that failed, and is made good later.
func (s *Swarm) leaseLeft(err error) {
	s.metrics.leases.WithLabelValues("failed").Inc()
	s.log.Debug("lease left over", "error", err)
}

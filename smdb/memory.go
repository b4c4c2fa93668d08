package smdb

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Memory is a cache that all frontends share and that outlives them: it keeps the sources'
// last answer for each host. Any number of goroutines and frontends may use it at once. Every
// call returns by the context's deadline. A Memory that cannot be reached is an error that
// wraps tracker.ErrUnavailable.
//
// All times are by the Memory's own clock, since the frontends' clocks may disagree.
type Memory interface {
	// Recall returns the last answer for the host, without a Location if there is none,
	// and the present moment.
	Recall(ctx context.Context, ip netip.Addr) (last tracker.Located, now tracker.Moment, err error)

	// Remember replaces the answers for these hosts, in their order. A host without a
	// Location is removed. To repeat the call changes nothing.
	Remember(ctx context.Context, hosts []tracker.Located) error

	// Generation says how often NextGeneration was called; 0 also if the Memory lost its
	// data.
	Generation(ctx context.Context) (int64, error)

	// NextGeneration adds one to the generation, and returns it.
	NextGeneration(ctx context.Context) (int64, error)
}

const (
	recallsAtOnce   = 64 // they are pipelined
	rememberTimeout = 5 * time.Second
	rememberPending = 4096 // answers that wait to be written; further ones are dropped
	rememberBatch   = 128  // answers in one call
)

// recalled is what a Memory has of a host, as an answer.
type recalled struct {
	answer answer
	known  bool           // the answer is a place not older than MaxStale
	fresh  bool           // it is of this generation and younger than TTL
	now    tracker.Moment // zero: the Memory did not answer, so nothing is written to it either
}

// recall asks the Memory. One that does not answer counts as one that knows nothing.
func (l *lookup) recall(ctx context.Context, ip netip.Addr) recalled {
	if l.memory == nil {
		return recalled{}
	}
	ctx, cancel := context.WithTimeout(ctx, l.opts.Recall)
	defer cancel()
	last, now, err := l.askMemory(ctx, ip)
	if err != nil {
		l.metrics.recallFailed.Inc()
		l.log.Debug("location could not be recalled", "ip", ip, "error", err)
		return recalled{}
	}
	// After a failover the clock may be behind what it was.
	age := max(now.Time.Sub(last.Asked.Time), 0)
	if last.Location == "" || last.Chain != l.digest || age >= l.opts.MaxStale {
		return recalled{now: now}
	}
	return recalled{
		answer: answer{outcome: found, place: last.Place, asked: time.Now().Add(-age)},
		known:  true,
		fresh:  last.Asked.Generation == now.Generation && age < l.opts.TTL,
		now:    now,
	}
}

// askMemory asks once a slot is free. The announces of known hosts go to the same Redis, and
// must not wait behind the recalls of 10,000 new hosts: without the bound the slowest
// hundredth of them takes 400 ms in BenchmarkStorm, with it 150 ms.
func (l *lookup) askMemory(ctx context.Context, ip netip.Addr) (last tracker.Located, now tracker.Moment, err error) {
	select {
	case l.recalls <- struct{}{}:
		defer func() { <-l.recalls }()
	case <-ctx.Done():
		return last, now, fmt.Errorf("all of %d recalls are taken: %w", recallsAtOnce, ctx.Err())
	}
	return l.memory.Recall(ctx, ip)
}

// remember queues an answer for writeMemory. The sources were asked at that moment or later.
// An answer that the full queue drops is missing to the other frontends only: they ask the
// sources themselves.
func (l *lookup) remember(ip netip.Addr, a answer, asked tracker.Moment) {
	if a.outcome.keepsLast() {
		return
	}
	select {
	case l.pending <- tracker.Located{IP: ip, Place: a.place, Asked: asked, Chain: l.digest}:
	default:
		l.metrics.unwritten.Inc()
	}
}

// writeMemory writes the queued answers until the context is done. It is one goroutine, so
// that of two answers for a host the later one stays; and no announce waits for it.
func (l *lookup) writeMemory(ctx context.Context) {
	for {
		select {
		case first := <-l.pending:
			l.writeBatch(ctx, l.batch(first))
		case <-ctx.Done():
			return
		}
	}
}

// batch adds the answers that are queued behind the first.
func (l *lookup) batch(first tracker.Located) []tracker.Located {
	hosts := []tracker.Located{first}
	for len(hosts) < rememberBatch {
		select {
		case next := <-l.pending:
			hosts = append(hosts, next)
		default:
			return hosts
		}
	}
	return hosts
}

func (l *lookup) writeBatch(ctx context.Context, hosts []tracker.Located) {
	ctx, cancel := context.WithTimeout(ctx, rememberTimeout)
	defer cancel()
	if err := l.memory.Remember(ctx, hosts); err != nil {
		l.metrics.unwritten.Add(float64(len(hosts)))
		l.log.Debug("locations could not be remembered", "hosts", len(hosts), "error", err)
	}
}

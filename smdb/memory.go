package smdb

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Memory keeps what the sources said last of each host, for all frontends, and
// beyond the life of any of them. It may be asked by any number of goroutines, and
// of frontends, at once. Every call returns by the context's deadline. A Memory that
// cannot be reached is an error that wraps tracker.ErrUnavailable.
//
// All times are by one clock, the Memory's: those of frontends may disagree.
type Memory interface {
	// Recall returns what was said last of the host, without a Location if that is
	// not known, and the present moment.
	Recall(ctx context.Context, ip netip.Addr) (last tracker.Located, now tracker.Moment, err error)

	// Remember replaces what was said of these hosts, in their order. A host
	// without a Location is forgotten. To repeat it changes nothing.
	Remember(ctx context.Context, hosts []tracker.Located) error

	// Generation says how often NextGeneration was called; 0 also if the Memory
	// lost all it had.
	Generation(ctx context.Context) (int64, error)

	// NextGeneration adds one to the generation, and returns it.
	NextGeneration(ctx context.Context) (int64, error)
}

// Bounds of what a Memory is asked and told.
const (
	recallsAtOnce   = 64 // looks under way; they are pipelined
	rememberTimeout = 5 * time.Second
	rememberPending = 4096 // answers that wait to be written; further ones are not
	rememberBatch   = 128  // answers written in one go
)

// recollection is what a Memory has of a host, as an answer.
type recollection struct {
	answer answer
	known  bool           // the answer is a place not older than MaxStale
	fresh  bool           // it is of this generation and younger than TTL
	now    tracker.Moment // zero: the Memory did not answer, so nothing is to be written either
}

// recall asks the Memory. It never fails: a Memory that does not answer knows nothing.
func (l *lookup) recall(ctx context.Context, ip netip.Addr) recollection {
	if l.memory == nil {
		return recollection{}
	}
	ctx, cancel := context.WithTimeout(ctx, l.opts.Recall)
	defer cancel()
	last, now, err := l.askMemory(ctx, ip)
	if err != nil {
		l.metrics.mute.Inc()
		l.log.Debug("location could not be recalled", "ip", ip, "error", err)
		return recollection{}
	}
	// After a failover the clock may be behind what it was.
	age := max(now.Time.Sub(last.Asked.Time), 0)
	if last.Location == "" || last.Chain != l.chain || age >= l.opts.MaxStale {
		return recollection{now: now}
	}
	return recollection{
		answer: answer{outcome: found, place: last.Place, asked: time.Now().Add(-age)},
		known:  true,
		fresh:  last.Asked.Generation == now.Generation && age < l.opts.TTL,
		now:    now,
	}
}

// askMemory waits for its turn. The announces of known hosts go to the same Redis, and are
// not to stand in line behind the looks of 10,000 new ones: 400 ms against 150 ms for the
// slowest hundredth of them in BenchmarkStorm.
func (l *lookup) askMemory(ctx context.Context, ip netip.Addr) (last tracker.Located, now tracker.Moment, err error) {
	select {
	case l.recalls <- struct{}{}:
		defer func() { <-l.recalls }()
	case <-ctx.Done():
		return last, now, fmt.Errorf("all of %d looks are taken: %w", recallsAtOnce, ctx.Err())
	}
	return l.memory.Recall(ctx, ip)
}

// remember hands an answer to writeMemory. The sources were asked at that moment or
// later. What finds no room is lost to the other frontends: they ask for themselves.
func (l *lookup) remember(ip netip.Addr, a answer, asked tracker.Moment) {
	if a.outcome.keepsLast() {
		return
	}
	select {
	case l.pending <- tracker.Located{IP: ip, Place: a.place, Asked: asked, Chain: l.chain}:
	default:
		l.metrics.unwritten.Inc()
	}
}

// writeMemory writes what remember was given, until the context is done. It is one
// goroutine, so that of two answers for a host the later one stays; and it is not
// the one that an announce waits for.
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

// batch adds what else waits.
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

package smdb

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Chain asks several sources in order: the next one only if the one before does not know the
// host. A source that cannot answer now ends the question, since a rack that is known under
// two names would have two bounds.
type Chain struct {
	links   []link
	digest  string
	timeout time.Duration // of one try at a remote source
}

// Link is one source of a Chain.
type Link struct {
	Name   string // in LOCATION
	Source Source // the chain closes it if it is an io.Closer
	Remote bool   // it asks a service that may be slow or away
}

// Env is what a chain and its sources are given besides settings.
type Env struct {
	Timeout time.Duration // LOCATION_TIMEOUT: of one try at a remote source
	Log     *slog.Logger
	Metrics prometheus.Registerer // where to count; nil: nowhere
}

type link struct {
	Link
	asked   Source // the Source, or the remote in front of it
	lookups [outcomes]prometheus.Counter
}

// NewChain returns a chain of these sources. Chains that may say different things of a host
// have different digests; a digest holds no secret.
func NewChain(digest string, sources []Link, env Env) *Chain {
	c := &Chain{digest: digest, timeout: env.Timeout}
	lookups, events := newLookups(env.Metrics), newEvents(env.Metrics)
	for _, l := range sources {
		asked := l.Source
		if l.Remote {
			asked = newRemote(l, env, newEventCounters(events, l.Name))
		}
		c.links = append(c.links, link{Link: l, asked: asked, lookups: newLookupCounters(lookups, l.Name)})
	}
	return c
}

// Digest is the one that NewChain was given.
func (c *Chain) Digest() string { return c.digest }

// locate asks the source, checks its answer, and counts.
func (l *link) locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	place, err := l.asked.Locate(ctx, ip)
	if err == nil {
		// A malformed location would spoil the keys of the store.
		if _, malformed := tracker.ReadLocation(string(place.Location)); malformed != nil {
			err = fmt.Errorf("%w: %w", ErrInvalid, malformed)
		}
	}
	l.lookups[outcomeOf(err)].Inc()
	if err != nil {
		return tracker.Place{}, err
	}
	return place, nil
}

// Locate implements Source.
func (c *Chain) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	for i := range c.links {
		l := &c.links[i]
		place, err := l.locate(ctx, ip)
		switch outcomeOf(err) {
		case found:
			return place, nil
		case notFound:
		default:
			return tracker.Place{}, fmt.Errorf("%s: %w", l.Name, err)
		}
	}
	return tracker.Place{}, ErrNotFound
}

// split divides the chain before its first remote source. The sources before it cost about a
// microsecond, so their answers are never cached: a change of their file holds at once.
func (c *Chain) split() (local, rest *Chain) {
	i := slices.IndexFunc(c.links, func(l link) bool { return l.Remote })
	if i < 0 {
		i = len(c.links)
	}
	before, behind := *c, *c
	before.links, behind.links = c.links[:i], c.links[i:]
	return &before, &behind
}

// lookupTimeout is the longest that a question may take, when each remote source takes as
// long as it may. Local sources take no time.
func (c *Chain) lookupTimeout() time.Duration {
	timeout := c.timeout
	for _, l := range c.links {
		if l.Remote {
			timeout += remoteTimeout(c.timeout)
		}
	}
	return timeout
}

// SourceAnswer is what one source of a chain says of a host.
type SourceAnswer struct {
	Source string
	Place  tracker.Place
	Err    error // as Source.Locate returns it
	Took   time.Duration
}

// Explain asks every source, also those behind the one that decides. That one is -1 if no source
// knows the host.
func (c *Chain) Explain(ctx context.Context, ip netip.Addr) (answers []SourceAnswer, decides int) {
	answers = make([]SourceAnswer, len(c.links))
	for i := range c.links {
		begin := time.Now()
		answers[i].Source = c.links[i].Name
		answers[i].Place, answers[i].Err = c.links[i].locate(ctx, ip)
		answers[i].Took = time.Since(begin)
	}
	return answers, slices.IndexFunc(answers, func(a SourceAnswer) bool { return outcomeOf(a.Err) != notFound })
}

// Close ends what the sources keep running.
func (c *Chain) Close() {
	for _, l := range c.links {
		if closer, ok := l.Source.(io.Closer); ok {
			_ = closer.Close() // connections, programs and file readers: nothing is lost
		}
	}
}

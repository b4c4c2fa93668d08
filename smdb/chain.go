package smdb

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Chain is several sources, asked in order: the next one only if the one before
// does not know the host. A source that cannot answer now ends the question: a rack
// that is known under two names would have two bounds.
type Chain struct {
	links []link
	id    string // the same for the same sources with the same settings
}

// Digest tells chains apart that may say different things of a host. It has no secrets.
func (c *Chain) Digest() string { return c.id }

type link struct {
	name    string
	source  Source
	remote  bool                         // it asks somebody who may be slow or away
	closer  io.Closer                    // nil if there is nothing to close
	lookups [outcomes]prometheus.Counter // nil: not counted
}

// locate asks the source, checks what it says, and counts.
func (l *link) locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	place, err := l.source.Locate(ctx, ip)
	if err == nil {
		err = checkLocation(place.Location)
	}
	if counter := l.lookups[outcomeOf(err)]; counter != nil {
		counter.Inc()
	}
	if err != nil {
		return tracker.Place{}, err
	}
	return place, nil
}

// checkLocation guards the keys of the store against a source that does not
// check what it returns.
func checkLocation(location tracker.Location) error {
	if _, err := tracker.ReadLocation(string(location)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
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
			return tracker.Place{}, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return tracker.Place{}, ErrNotFound
}

// split parts the chain before its first remote source. To ask what comes before
// costs about a microsecond, so it is never remembered: what changes there, such
// as a file, holds at once.
func (c *Chain) split() (local, rest *Chain) {
	i := slices.IndexFunc(c.links, func(l link) bool { return l.remote })
	if i < 0 {
		i = len(c.links)
	}
	return &Chain{links: c.links[:i], id: c.id}, &Chain{links: c.links[i:], id: c.id}
}

// Said is what one source of a chain said of a host.
type Said struct {
	Source string
	Place  tracker.Place
	Err    error // as Source.Locate returns it
	Took   time.Duration
}

// Explain asks every source, also those behind the one that decides.
func (c *Chain) Explain(ctx context.Context, ip netip.Addr) []Said {
	said := make([]Said, len(c.links))
	for i := range c.links {
		begin := time.Now()
		said[i].Source = c.links[i].name
		said[i].Place, said[i].Err = c.links[i].locate(ctx, ip)
		said[i].Took = time.Since(begin)
	}
	return said
}

// Decides is the index of the one of a chain's sources whose word counts, or -1 if no
// source knows the host.
func Decides(said []Said) int {
	return slices.IndexFunc(said, func(s Said) bool { return outcomeOf(s.Err) != notFound })
}

// Close ends what the sources keep running.
func (c *Chain) Close() {
	for _, l := range c.links {
		if l.closer != nil {
			_ = l.closer.Close() // programs and watches: nothing is lost
		}
	}
}

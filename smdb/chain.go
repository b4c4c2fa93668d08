package smdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Chain is several sources, asked in order: the next one only if the one before
// does not know the host. A source that cannot answer now ends the question: a rack
// that is known under two names would have two bounds.
type Chain struct {
	links []link
}

type link struct {
	name   string
	source Source
	closer io.Closer // nil if there is nothing to close
}

// Locate implements Source.
func (c *Chain) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	for _, l := range c.links {
		place, err := l.source.Locate(ctx, ip)
		switch {
		case err == nil:
			return place, nil
		case !errors.Is(err, ErrNotFound):
			return tracker.Place{}, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return tracker.Place{}, ErrNotFound
}

// Said is what one source of a chain said of a host.
type Said struct {
	Source string
	Place  tracker.Place
	Err    error // as Source.Locate returns it
}

// Explain asks every source, also those behind the one that decides.
func (c *Chain) Explain(ctx context.Context, ip netip.Addr) []Said {
	said := make([]Said, len(c.links))
	for i, l := range c.links {
		said[i].Source = l.name
		said[i].Place, said[i].Err = l.source.Locate(ctx, ip)
	}
	return said
}

// Close ends what the sources keep running.
func (c *Chain) Close() {
	for _, l := range c.links {
		if l.closer != nil {
			_ = l.closer.Close() // programs and watches: nothing is lost
		}
	}
}

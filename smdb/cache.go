package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// CacheOptions say how much a Cache remembers and for how long. All are
// positive.
type CacheOptions struct {
	TTL         time.Duration // age from which a place is asked for again in the background, and a host without one warned of again
	MaxStale    time.Duration // age at which a place that could not be confirmed is forgotten; more than TTL
	NegativeTTL time.Duration // how long a host is taken for unknown once the source says so
	FailureTTL  time.Duration // how long a host is not asked for again after the source failed
	Timeout     time.Duration // of a lookup, with the wait for its turn
	Size        int           // hosts remembered
}

// Validate says which option makes no sense.
func (o CacheOptions) Validate() error {
	switch {
	case o.TTL <= 0:
		return fmt.Errorf("TTL must be positive, not %v", o.TTL)
	case o.MaxStale <= o.TTL:
		return fmt.Errorf("MaxStale must be more than TTL (%v), not %v", o.TTL, o.MaxStale)
	case o.NegativeTTL <= 0:
		return fmt.Errorf("NegativeTTL must be positive, not %v", o.NegativeTTL)
	case o.FailureTTL <= 0:
		return fmt.Errorf("FailureTTL must be positive, not %v", o.FailureTTL)
	case o.Timeout <= 0:
		return fmt.Errorf("Timeout must be positive, not %v", o.Timeout)
	case o.Size <= 0:
		return fmt.Errorf("Size must be positive, not %d", o.Size)
	}
	return nil
}

// Cache is the tracker.Locator in front of a Source. A known host costs no
// call, and an unknown one a single call, however many announces wait for it.
type Cache struct {
	lookup  *lookup
	answers *otter.Cache[netip.Addr, answer]
}

// NewCache returns an empty Cache. It panics if opts do not pass Validate.
func NewCache(source Source, opts CacheOptions, log *slog.Logger) *Cache {
	if err := opts.Validate(); err != nil {
		panic(err)
	}
	return &Cache{
		lookup: &lookup{
			source:  source,
			timeout: opts.Timeout,
			log:     log,
			complained: otter.Must(&otter.Options[netip.Addr, struct{}]{
				MaximumSize:      opts.Size,
				ExpiryCalculator: otter.ExpiryWriting[netip.Addr, struct{}](opts.TTL),
				Logger:           otterLog{log},
			}),
			health: health{log: log, quiet: opts.FailureTTL},
		},
		answers: otter.Must(&otter.Options[netip.Addr, answer]{
			MaximumSize:       opts.Size,
			ExpiryCalculator:  otter.ExpiryWritingFunc(opts.expireAfter),
			RefreshCalculator: refreshTimes{opts},
			Logger:            otterLog{log},
		}),
	}
}

// memoryOnly is a context that is done. With it otter answers from memory,
// begins a refresh that is due, and starts no load.
var memoryOnly = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Locate says where the host with this address stands, nearly always from
// memory. It returns by the context's deadline. Every error wraps
// tracker.ErrLocationUnknown.
func (c *Cache) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if !ip.IsValid() {
		return tracker.Place{}, unknown(errors.New("no address"))
	}
	ip = tracker.PlainAddr(ip)
	a, err := c.answers.Get(memoryOnly, ip, c.lookup)
	if err != nil {
		a, err = c.wait(ctx, ip)
	}
	if err != nil {
		return tracker.Place{}, unknown(err)
	}
	return a.place, a.err
}

// wait begins the lookup of a host, or joins the one under way. Whoever begins
// it does not run it on his own goroutine: it goes on when he has to leave.
func (c *Cache) wait(ctx context.Context, ip netip.Addr) (answer, error) {
	type result struct {
		answer
		err error
	}
	done := make(chan result, 1)
	go func() {
		a, err := c.answers.Get(context.WithoutCancel(ctx), ip, c.lookup)
		done <- result{a, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

func unknown(err error) error {
	return fmt.Errorf("%w: %w", tracker.ErrLocationUnknown, err)
}

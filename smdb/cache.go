package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// CacheOptions say how many answers a Cache keeps, and for how long. All numbers are positive.
type CacheOptions struct {
	TTL         time.Duration // age at which a place is asked for again in the background, and a host without one is logged again
	MaxStale    time.Duration // age at which a place that could not be confirmed is dropped; more than TTL
	NegativeTTL time.Duration // how long a host counts as unknown after no source knew it
	FailureTTL  time.Duration // how long a host is not asked for again after a source failed
	Recall      time.Duration // how long a lookup waits for the Memory
	Size        int           // hosts kept

	Metrics prometheus.Registerer // where to count; nil: nowhere
}

// Cache is the tracker.Locator in front of a Chain. It asks the chain's local sources, up to
// the first remote one, each time. It keeps the answers of the rest, in this process and in the
// Memory. So a known host costs no call, and an unknown one costs a single call, however many
// announces wait for it.
type Cache struct {
	local   *Chain
	lookup  *lookup
	opts    CacheOptions
	metrics cacheMetrics
	answers atomic.Pointer[answerCache] // of this generation

	memory     Memory
	updating   chan struct{} // holds an element while a goroutine asks for the generation
	generation int64         // the last one known; belongs to that goroutine

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// answerCache has the answers, by the hosts' addresses.
type answerCache = otter.Cache[netip.Addr, answer]

// NewCache returns an empty Cache, whose goroutines run until it is closed. Without a memory,
// which is nil then, there is no Refresh.
func NewCache(chain *Chain, memory Memory, opts CacheOptions, log *slog.Logger) *Cache {
	local, rest := chain.split()
	ctx, stop := context.WithCancel(context.Background())
	c := &Cache{
		local: local, opts: opts, metrics: newCacheMetrics(opts.Metrics),
		memory: memory, updating: make(chan struct{}, 1), stop: stop,
	}
	c.lookup = newLookup(rest, opts, c.metrics, log)
	c.answers.Store(c.newAnswers())
	if memory != nil {
		c.stopped.Go(func() { c.watchGeneration(ctx) })
	}
	// Answers of local sources are not shared: other frontends ask their own.
	if memory != nil && len(rest.links) > 0 {
		c.lookup.memory = memory
		c.stopped.Go(func() { c.lookup.writeMemory(ctx) })
	}
	return c
}

func (c *Cache) newAnswers() *answerCache {
	return otter.Must(&otter.Options[netip.Addr, answer]{
		MaximumSize:       c.opts.Size,
		ExpiryCalculator:  otter.ExpiryWritingFunc(c.opts.expireAfter),
		RefreshCalculator: refreshTimes{otter.RefreshWritingFunc(c.opts.refreshAfter), c.opts.FailureTTL},
		Logger:            otterLog{c.lookup.log},
	})
}

// Close ends the goroutines. Lookups under way end by themselves.
func (c *Cache) Close() {
	c.stop()
	c.stopped.Wait()
	c.answers.Load().StopAllGoroutines()
	c.lookup.warned.StopAllGoroutines()
}

// memoryOnly is a context that is done. With it otter answers from memory, begins a refresh
// that is due, and starts no load.
var memoryOnly = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Locate says where the host with this address stands, nearly always from memory. It returns
// by the context's deadline. Every error wraps tracker.ErrLocationUnknown.
func (c *Cache) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if !ip.IsValid() {
		return tracker.Place{}, unknown(errors.New("no address"))
	}
	ip = tracker.PlainAddr(ip)
	a, err := c.locate(ctx, ip)
	if err == nil {
		err = a.err
	}
	if err != nil {
		return tracker.Place{}, unknown(err)
	}
	return a.place, nil
}

func (c *Cache) locate(ctx context.Context, ip netip.Addr) (answer, error) {
	switch a := answerOf(c.local.Locate(ctx, ip)); a.outcome {
	case notFound:
	case found:
		return a, nil
	default:
		c.lookup.warn(ctx, ip, a.err)
		return a, nil
	}
	answers := c.answers.Load()
	a, err := answers.Get(memoryOnly, ip, c.lookup)
	if err != nil {
		c.metrics.miss.Inc()
		return c.wait(ctx, ip, answers)
	}
	c.count(a)
	return a, nil
}

// count counts an answer from memory.
func (c *Cache) count(a answer) {
	switch {
	case a.outcome != found:
		c.metrics.nowhere.Inc()
	case time.Since(a.asked) < c.opts.TTL:
		c.metrics.fresh.Inc()
	default:
		c.metrics.stale.Inc()
	}
}

// wait begins the lookup of a host, or joins the one under way. The lookup has a goroutine of
// its own: it goes on when the caller's time is over.
func (c *Cache) wait(ctx context.Context, ip netip.Addr, answers *answerCache) (answer, error) {
	type result struct {
		answer
		err error
	}
	done := make(chan result, 1)
	go func() {
		a, err := answers.Get(context.WithoutCancel(ctx), ip, c.lookup)
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

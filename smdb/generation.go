package smdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	generationInterval = time.Second // between two reads of the generation
	generationTimeout  = time.Second // of one
)

// Refresh makes every frontend drop its answers: this one now, the others within about a
// second. Older answers of the Memory are used only for hosts whose sources then fail. A
// Memory that cannot be reached is tracker.ErrUnavailable, and nothing is dropped; if only
// its reply was lost, all frontends notice the generation all the same.
func (c *Cache) Refresh(ctx context.Context) (generation int64, err error) {
	return c.updateGeneration(ctx, c.memory.NextGeneration)
}

// updateGeneration asks for the generation, and drops all answers if it is another one than
// before. One goroutine at a time asks, so that no older reply comes behind a newer one. A
// generation of 0 is no operator's refresh: the Memory lost its data, which is no reason to
// ask the sources for every host.
func (c *Cache) updateGeneration(ctx context.Context, ask func(context.Context) (int64, error)) (int64, error) {
	select {
	case c.updating <- struct{}{}:
		defer func() { <-c.updating }()
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
	}
	generation, err := ask(ctx)
	if err != nil {
		return 0, err
	}
	if generation != c.generation && generation != 0 {
		c.dropAnswers()
	}
	c.generation = generation
	return generation, nil
}

// dropAnswers begins with an empty cache. Lookups under way end in the old one, so that the
// new one holds no place that was asked for earlier.
func (c *Cache) dropAnswers() {
	before := c.answers.Swap(c.newAnswers())
	before.StopAllGoroutines()
	if hosts := before.EstimatedSize(); hosts > 0 {
		c.lookup.log.Info("locations are forgotten, and asked for anew", "hosts", hosts)
	}
}

// watchGeneration notices a Refresh on another frontend. The store logs that Redis is away;
// any other fault is logged here, once until it is gone.
func (c *Cache) watchGeneration(ctx context.Context) {
	for logged := false; ; {
		bound, cancel := context.WithTimeout(ctx, generationTimeout)
		_, err := c.updateGeneration(bound, c.memory.Generation)
		cancel()
		fault := err != nil && !errors.Is(err, tracker.ErrUnavailable)
		if fault && !logged && ctx.Err() == nil {
			c.lookup.log.Warn("a refresh of locations on other frontends would not be noticed", "error", err)
		}
		logged = fault
		select {
		case <-time.After(generationInterval):
		case <-ctx.Done():
			return
		}
	}
}

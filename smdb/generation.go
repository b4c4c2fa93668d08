package smdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	generationInterval = time.Second // from one look at the generation to the next
	generationTimeout  = time.Second // of a look
)

// Refresh makes every frontend forget what it remembers: this one now, the others
// within about a second. What the Memory has from before is used only for hosts
// whose sources fail when they are asked anew. A Memory that cannot be reached is
// tracker.ErrUnavailable, and nothing is forgotten; if only its reply was lost, all
// frontends notice the generation all the same.
func (c *Cache) Refresh(ctx context.Context) (generation int64, err error) {
	return c.learn(ctx, c.memory.NextGeneration)
}

// learn asks for the generation, and if it is another one than before, all answers
// are forgotten. One at a time asks, so that nobody learns what is past. A generation
// of 0 is no word of an operator's: the Memory lost its data, and the SMDB need not
// be asked for every host because of that.
func (c *Cache) learn(ctx context.Context, ask func(context.Context) (int64, error)) (int64, error) {
	select {
	case c.learning <- struct{}{}:
		defer func() { <-c.learning }()
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
	}
	generation, err := ask(ctx)
	if err != nil {
		return 0, err
	}
	if generation != c.generation && generation != 0 {
		c.forget()
	}
	c.generation = generation
	return generation, nil
}

// forget begins with an empty memory. Lookups under way end in the one before, so
// that no place asked for before lives on in the new one.
func (c *Cache) forget() {
	before := c.answers.Swap(c.newAnswers())
	before.StopAllGoroutines()
	if hosts := before.EstimatedSize(); hosts > 0 {
		c.lookup.log.Info("locations are forgotten, and asked for anew", "hosts", hosts)
	}
}

// watchGeneration notices a Refresh on another frontend. That Redis is away is
// logged by the store; any other fault here once, until it is gone.
func (c *Cache) watchGeneration(ctx context.Context) {
	for logged := false; ; {
		bound, cancel := context.WithTimeout(ctx, generationTimeout)
		_, err := c.learn(bound, c.memory.Generation)
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

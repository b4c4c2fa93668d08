package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// What may be under way at a time, and how long a request beyond waits for its turn.
const (
	readPlaces     = 4 // lists and statistics: each costs Redis some milliseconds, and up to some MB here
	changePlaces   = 4 // each may hold an upload of TORRENT_MAX_BYTES
	downloadPlaces = 1000

	patience         = 3 * time.Second
	downloadPatience = 10 * time.Second // curl, wget and aria2 wait by themselves, but give up on a 503 unless told otherwise
)

// places bound how many requests of a kind are under way. Those beyond wait for their turn, first
// come, first served, and are told to come back if it does not come.
type places struct {
	taken    chan struct{}
	patience time.Duration
}

func newPlaces(n int, patience time.Duration) places {
	return places{make(chan struct{}, n), patience}
}

// inTurn returns a handler that has a place while it answers, until the client took the answer.
func (p places) inTurn(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, arg string) error {
		if err := p.take(r.Context()); err != nil {
			return err
		}
		defer func() { <-p.taken }()
		return h(w, r, arg)
	}
}

func (p places) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: no place in time: %w", tracker.ErrBusy, ctx.Err())
	}
}

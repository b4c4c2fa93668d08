package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	watchInterval = time.Second            // between looks at Redis
	retryInterval = 200 * time.Millisecond // likewise while it does not answer
	doubtInterval = 5 * time.Second        // a refusal is remembered for so long
)

// errWaiting ends a look whose time was over before it knew anything.
var errWaiting = fmt.Errorf("%w: it is being looked at", tracker.ErrUnavailable)

// watch connects, and from then on looks at Redis in intervals.
func (r *Redis) watch(ctx context.Context) {
	for {
		pause := watchInterval
		if err := r.look(ctx); err != nil && kindOf(err) == unreachable {
			pause = retryInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-r.hurry:
		case <-time.After(pause):
		}
	}
}

// Kinds of how Redis is, besides the texts of tracker.StoreError.
const (
	ready       = "ready"
	unreachable = "unreachable"
)

// kindOf tells errors apart as far as the log does.
func kindOf(err error) string {
	var says tracker.StoreError
	switch {
	case err == nil:
		return ready
	case errors.As(err, &says):
		return string(says)
	default:
		return unreachable
	}
}

// Ready looks at Redis. It says whether it answers, holds our key model, takes writes, and lets us
// run the scripts; it loads those that are missing.
func (r *Redis) Ready(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	client, err := r.announces.client()
	if err != nil {
		return err
	}
	return loadScripts(ctx, client)
}

// look finds out whether Redis can be used, and from then on lets calls through, or not. What
// changes is logged once: it went away, it refuses something, it is back. Of several looks one begins
// when the other has ended.
func (r *Redis) look(asked context.Context) error {
	ctx, cancel := context.WithTimeout(asked, r.opts.Timeout)
	defer cancel()
	select {
	case r.looking <- struct{}{}:
		defer func() { <-r.looking }()
	case <-ctx.Done():
		return errWaiting
	}
	client, err := r.connection(ctx)
	losses := r.lossesNow()
	if err == nil {
		err = r.inspect(ctx, client)
	}
	if asked.Err() != nil {
		return errWaiting // whoever asked gave up, which says nothing about Redis
	}
	if !r.admit(client, err, losses) {
		return errWaiting // what was looked at may not be there any more
	}
	if err == nil {
		err = writes(ctx, client)
	}
	if errors.Is(err, errSchema) {
		r.admit(client, err, losses)
	}
	if err == nil {
		err = r.doubts.recent()
	}
	if asked.Err() == nil {
		r.report(err)
	}
	return err
}

// report logs how Redis is, if that has changed.
func (r *Redis) report(err error) {
	kind := kindOf(err)
	switch {
	case kind == r.reported:
	case err == nil:
		r.log.Info("store is ready", "address", r.opts.Addr)
	default:
		r.log.Error("store cannot be used; trying again", "address", r.opts.Addr, "error", err)
	}
	r.reported = kind
}

// inspect finds out whether Redis holds what is ours, and whether we may do all that we do.
func (r *Redis) inspect(ctx context.Context, client rueidis.Client) error {
	err := r.readMarks(ctx, client)
	if err != nil && !lasts(err) || errors.Is(err, errSchema) {
		return err
	}
	if err := r.checkUser(ctx, client); err != nil { // if even the marks are not for us, it tells all that we lack
		return err
	}
	return err
}

// admit lets calls through if a look that began after so many losses of connections found no error.
// That Redis does not answer stops all of them, so that none is faster than the look at what comes
// back; but of a cluster it is one server. It returns false if a connection was lost since.
func (r *Redis) admit(client rueidis.Client, err error, losses int) bool {
	r.gate.Lock()
	defer r.gate.Unlock()
	switch {
	case err == nil && r.losses != losses && client.Mode() != rueidis.ClientModeCluster:
		return false
	case err == nil:
		r.letThrough(true)
	case client == nil || lasts(err) || client.Mode() != rueidis.ClientModeCluster:
		r.letThrough(false)
	}
	return true
}

// doubts are the last refusal that a call met and a look may not.
type doubts struct{ last atomic.Pointer[doubt] }

type doubt struct {
	err  refusalError
	seen time.Time
}

// recent is the last one, for a while.
func (d *doubts) recent() error {
	if last := d.last.Load(); last != nil && time.Since(last.seen) < doubtInterval {
		return last.err
	}
	return nil
}

// since says whether there was one after a moment.
func (d *doubts) since(moment time.Time) bool {
	last := d.last.Load()
	return last != nil && last.seen.After(moment)
}

// heed remembers a refusal that a call met and that lasts.
func (d *doubts) heed(err error) {
	var refusal refusalError
	if errors.As(err, &refusal) && refusal.lasts {
		d.last.Store(&doubt{refusal, time.Now()})
	}
}

package redisstore

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
func (s *Store) watch(ctx context.Context) {
	for {
		pause := watchInterval
		if err := s.look(ctx); err != nil && kindOf(err) == unreachable {
			pause = retryInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-s.hurry:
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
func (s *Store) Ready(ctx context.Context) error {
	if err := s.look(ctx); err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	return loadScripts(ctx, client)
}

// look finds out whether Redis can be used, and from then on lets calls through, or not. What
// changes is logged once: it went away, it refuses something, it is back. Of several looks one begins
// when the other has ended.
func (s *Store) look(asked context.Context) error {
	ctx, cancel := context.WithTimeout(asked, s.opts.Timeout)
	defer cancel()
	select {
	case s.looking <- struct{}{}:
		defer func() { <-s.looking }()
	case <-ctx.Done():
		return errWaiting
	}
	client, err := s.connection(ctx)
	losses := s.lossesNow()
	if err == nil {
		err = s.inspect(ctx, client)
	}
	if asked.Err() != nil {
		return errWaiting // whoever asked gave up, which says nothing about Redis
	}
	if !s.admit(client, err, losses) {
		return errWaiting // what was looked at may not be there any more
	}
	if err == nil {
		err = writes(ctx, client)
	}
	if errors.Is(err, errSchema) {
		s.admit(client, err, losses)
	}
	if err == nil {
		err = s.doubts.recent()
	}
	if asked.Err() == nil {
		s.report(err)
	}
	return err
}

// report logs how Redis is, if that has changed.
func (s *Store) report(err error) {
	kind := kindOf(err)
	switch {
	case kind == s.reported:
	case err == nil:
		s.log.Info("store is ready", "address", s.opts.Addr)
	default:
		s.log.Error("store cannot be used; trying again", "address", s.opts.Addr, "error", err)
	}
	s.reported = kind
}

// inspect finds out whether Redis holds what is ours, and whether we may do all that we do.
func (s *Store) inspect(ctx context.Context, client rueidis.Client) error {
	err := s.readMarks(ctx, client)
	if err != nil && !lasts(err) || errors.Is(err, errSchema) {
		return err
	}
	if err := s.checkUser(ctx, client); err != nil { // if even the marks are not for us, it tells all that we lack
		return err
	}
	return err
}

// admit lets calls through if a look that began after so many losses of connections found no error.
// That Redis does not answer stops all of them, so that none is faster than the look at what comes
// back; but of a cluster it is one server. It returns false if a connection was lost since.
func (s *Store) admit(client rueidis.Client, err error, losses int) bool {
	s.gate.Lock()
	defer s.gate.Unlock()
	switch {
	case err == nil && s.losses != losses && client.Mode() != rueidis.ClientModeCluster:
		return false
	case err == nil:
		s.letThrough(true)
	case client == nil || lasts(err) || client.Mode() != rueidis.ClientModeCluster:
		s.letThrough(false)
	}
	return true
}

// client is for everything but looks. It is one that has seen that Redis holds our key model.
func (s *Store) client() (rueidis.Client, error) {
	if client := s.connected.Load(); client != nil {
		return *client, nil
	}
	return nil, errNotUsable
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

// heed remembers a refusal that a call met and that lasts. It returns the error.
func (s *Store) heed(err error) error {
	var refusal refusalError
	if errors.As(err, &refusal) && refusal.lasts {
		s.doubts.last.Store(&doubt{refusal, time.Now()})
	}
	return err
}

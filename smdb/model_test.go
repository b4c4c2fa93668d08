package smdb

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// model is what a Cache of one host must do, in plain steps.
type model struct {
	place   tracker.Place // what the cache knows; with err nil
	err     error
	expires time.Time
	due     time.Time // of the next call in the background
	calls   int
}

// locate says what the cache answers now, if its source would say place, err.
func (m *model) locate(now time.Time, place tracker.Place, err error) (tracker.Place, error) {
	if !now.Before(m.expires) {
		m.learn(now, place, err)
		return m.place, m.err
	}
	oldPlace, oldErr := m.place, m.err
	if m.err == nil && !now.Before(m.due) {
		if errors.Is(err, errDown) || errors.Is(err, ErrInvalid) { // the last place stands
			m.calls++
			m.due = now.Add(testOptions.FailureTTL)
		} else {
			m.learn(now, place, err)
		}
	}
	return oldPlace, oldErr
}

func (m *model) learn(now time.Time, place tracker.Place, err error) {
	m.calls++
	m.place, m.err = place, err
	m.due = now.Add(testOptions.TTL)
	switch {
	case err == nil:
		m.expires = now.Add(testOptions.MaxStale)
	case errors.Is(err, errDown):
		m.expires = now.Add(testOptions.FailureTTL)
	default:
		m.expires = now.Add(testOptions.NegativeTTL)
	}
}

// Through any history of a host that moves, vanishes and returns, behind an
// SMDB that dies and recovers, the cache answers and calls as the model does.
func TestCacheFollowsModel(t *testing.T) {
	pauses := []time.Duration{
		0, 1, testOptions.FailureTTL - 1, testOptions.FailureTTL, testOptions.NegativeTTL,
		testOptions.TTL - 1, testOptions.TTL, testOptions.TTL + 1, testOptions.MaxStale - testOptions.TTL, testOptions.MaxStale,
	}
	synctest.Test(t, func(t *testing.T) {
		// testing.TB hides Deadline from rapid: a bubble has its own time.
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) {
			var (
				source = &scripted{}
				cache  = NewCache(chainOf(source), nil, testOptions, slog.New(slog.DiscardHandler))
				m      model
			)
			defer cache.Close()
			for range rapid.IntRange(1, 30).Draw(t, "steps") {
				var place tracker.Place
				err := rapid.SampledFrom([]error{nil, nil, ErrNotFound, ErrInvalid, errDown, errDown}).Draw(t, "SMDB")
				if err == nil {
					place = rapid.SampledFrom([]tracker.Place{rackA, rackB}).Draw(t, "rack")
				}
				source.says(place, err)
				time.Sleep(rapid.SampledFrom(pauses).Draw(t, "pause"))

				wantPlace, wantErr := m.locate(time.Now(), place, err)
				got, gotErr := cache.Locate(t.Context(), hostAddr)
				synctest.Wait()
				if got != wantPlace || (gotErr == nil) != (wantErr == nil) || !errors.Is(gotErr, wantErr) {
					t.Fatalf("%+v, %v; want %+v, %v", got, gotErr, wantPlace, wantErr)
				}
				if gotErr != nil && !errors.Is(gotErr, tracker.ErrLocationUnknown) {
					t.Fatalf("%v does not wrap ErrLocationUnknown", gotErr)
				}
				if source.called() != m.calls {
					t.Fatalf("%d calls, want %d", source.called(), m.calls)
				}
			}
		})
	})
}

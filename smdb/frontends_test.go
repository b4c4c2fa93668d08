package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// briefOptions are short, so that a history of days has not a million ticks.
var briefOptions = CacheOptions{
	TTL:         time.Minute,
	MaxStale:    10 * time.Minute,
	NegativeTTL: 5 * time.Second,
	FailureTTL:  3 * time.Second,
	Recall:      200 * time.Millisecond,
	Size:        1000,
}

// reply is one of the SMDB, for a host.
type reply struct {
	at    time.Time
	place tracker.Place // zero: the host is nowhere
	kept  bool          // Redis took it, has been there since, and there was no refresh
}

// history drives frontends with one Memory and one SMDB, and holds against what
// happened whatever they answer.
type history struct {
	*rapid.T
	source    *scripted
	memory    *fakeMemory
	frontends []*Cache
	said      map[netip.Addr][]reply
	refreshed time.Time // by an operator
	failed    time.Time // when the SMDB failed last
}

var historyHosts = []netip.Addr{hostAddr, hostAddr.Next()}

func (h *history) start(i int) {
	h.frontends[i] = NewCache(chainOf(h.source), h.memory, briefOptions, slog.New(slog.DiscardHandler))
	synctest.Wait()
}

// smdb sets what the SMDB says from now on.
func (h *history) smdb() {
	err := rapid.SampledFrom([]error{nil, nil, nil, ErrNotFound, ErrInvalid, errDown, errDown}).Draw(h.T, "SMDB")
	place := tracker.Place{}
	if err == nil {
		place.Location = tracker.Location(fmt.Sprintf("r%d", rapid.IntRange(1, 1000).Draw(h.T, "rack")))
	}
	h.source.says(place, err)
}

func (h *history) redis() {
	state := rapid.SampledFrom([]func(*fakeMemory){isUp, isUp, isDown, hangsNow}).Draw(h.T, "Redis")
	h.memory.change(state)
	if !h.up() {
		h.lost()
	}
}

// up says whether Redis answers.
func (h *history) up() bool { return !h.memory.down && !h.memory.hangs }

// lost: from now on the frontends may not know what others were answered.
func (h *history) lost() {
	for _, replies := range h.said {
		for i := range replies {
			replies[i].kept = false
		}
	}
}

func (h *history) refresh(i int) {
	ctx, cancel := context.WithTimeout(h.Context(), 5*time.Second)
	defer cancel()
	_, err := h.frontends[i].Refresh(ctx)
	if h.up() != (err == nil) {
		h.Fatalf("refresh: %v", err)
	}
	if err == nil {
		h.refreshed = time.Now()
		h.lost()
		pass(generationTimeout + generationInterval) // a read may be under way that hangs
	}
}

// locate asks a frontend, and checks its answer and the call that came of it.
func (h *history) locate(i int) {
	ip := rapid.SampledFrom(historyHosts).Draw(h.T, "host")
	calls, before := h.source.called(), time.Now()
	place, err := h.frontends[i].Locate(h.Context(), ip)
	if waited := time.Since(before); waited > briefOptions.Recall {
		h.Fatalf("waited %v", waited)
	}
	pass(briefOptions.Recall) // also of a lookup in the background
	switch n := h.source.called() - calls; {
	case n > 1:
		h.Fatalf("%d calls", n)
	case n == 1:
		h.checkCall(ip, before)
		h.hear(ip)
	}
	h.checkPlace(ip, before, place, err)
}

// checkPlace: a place was said within MaxStale, and, unless the SMDB had none since, after
// the last refresh.
func (h *history) checkPlace(ip netip.Addr, now time.Time, place tracker.Place, err error) {
	if err != nil {
		if !errors.Is(err, tracker.ErrLocationUnknown) || place != (tracker.Place{}) {
			h.Fatalf("%+v, %v", place, err)
		}
		return
	}
	for _, w := range h.said[ip] {
		if w.place != place || now.Sub(w.at) >= briefOptions.MaxStale {
			continue
		}
		if w.at.After(h.refreshed) || h.failed.After(h.refreshed) {
			return
		}
	}
	h.Fatalf("%v in %v, said were %+v; refreshed %v ago", ip, place, h.said[ip], now.Sub(h.refreshed))
}

// checkCall: no frontend asks for a place that it or Redis has and that is younger than TTL;
// Redis' times are whole seconds.
func (h *history) checkCall(ip netip.Addr, now time.Time) {
	replies := h.said[ip]
	if len(replies) == 0 {
		return
	}
	last := replies[len(replies)-1]
	young := now.Sub(last.at) < briefOptions.TTL-2*time.Second
	if last.place != (tracker.Place{}) && young && last.kept {
		h.Fatalf("%v is asked for %v after %+v", ip, now.Sub(last.at), last)
	}
}

// hear notes what the SMDB just said.
func (h *history) hear(ip netip.Addr) {
	if outcomeOf(h.source.err).keepsLast() {
		h.failed = time.Now()
		return
	}
	h.said[ip] = append(h.said[ip], reply{time.Now(), h.source.place, h.up()})
}

// Through any history of an SMDB that fails and recovers, a Redis that comes and goes,
// refreshes and restarts: no frontend answers with a place that the SMDB did not say within
// MaxStale, and none asks for what is fresh.
func TestFrontendsShareWhatIsSaid(t *testing.T) {
	pauses := []time.Duration{
		0, time.Second, briefOptions.FailureTTL, briefOptions.NegativeTTL, briefOptions.TTL / 2,
		briefOptions.TTL - 3*time.Second, briefOptions.TTL, briefOptions.MaxStale - briefOptions.TTL, briefOptions.MaxStale - time.Second, briefOptions.MaxStale,
	}
	synctest.Test(t, func(t *testing.T) {
		// testing.TB hides Deadline from rapid: a bubble has its own time.
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) {
			h := &history{T: t, source: &scripted{}, memory: newFakeMemory(), frontends: make([]*Cache, 3), said: map[netip.Addr][]reply{}}
			for i := range h.frontends {
				h.start(i)
				defer func() { h.frontends[i].Close() }()
			}
			h.smdb()
			for range rapid.IntRange(1, 40).Draw(t, "steps") {
				i := rapid.IntRange(0, len(h.frontends)-1).Draw(t, "frontend")
				switch rapid.SampledFrom([]string{"ask", "ask", "ask", "ask", "pass", "SMDB", "Redis", "refresh", "restart"}).Draw(t, "step") {
				case "ask":
					h.locate(i)
				case "pass":
					pass(rapid.SampledFrom(pauses).Draw(t, "pause"))
				case "SMDB":
					h.smdb()
				case "Redis":
					h.redis()
				case "refresh":
					h.refresh(i)
				case "restart":
					h.frontends[i].Close()
					h.start(i)
				}
			}
		})
	})
}

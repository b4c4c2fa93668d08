package redisstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// frontendWith is a frontend's comparison, which compares when the test says so.
type frontendWith struct {
	*comparison
	t   *testing.T
	log *logged
}

func (f *fixture) frontendWith(t *testing.T, maxReprRack string) *frontendWith {
	t.Helper()
	store, log := openLogged(t, f.opts)
	await(t, "the store is ready", func() bool { return store.Ready(context.Background()) == nil })
	return &frontendWith{store.newComparison([]Setting{
		{Name: "MAX_REPR_RACK", Value: maxReprRack, Breaks: "the bound"},
		{Name: "LOCATION", Value: "subnet of two words", Breaks: "racks"},
	}), t, log}
}

// expect compares, and wants to find so: there is what the others have, empty if they have the same; it is
// logged if that is new.
func (f *frontendWith) expect(what, there string, isNew bool) {
	f.t.Helper()
	f.log.take()
	if err := f.compare(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	want := 0.0
	if there != "" {
		want = 1
	}
	if got := testutil.ToFloat64(f.store.metrics.differ.WithLabelValues("MAX_REPR_RACK")); got != want {
		f.t.Errorf("%s: p2ptracker_settings_differ is %v", what, got)
	}
	if got := testutil.ToFloat64(f.store.metrics.differ.WithLabelValues("LOCATION")); got != 0 {
		f.t.Errorf("%s: LOCATION differs", what)
	}
	text := strings.Join(f.log.take(), "\n")
	switch logged := strings.Contains(text, "setting=MAX_REPR_RACK"); {
	case logged != isNew, strings.Contains(text, "setting=LOCATION"):
		f.t.Errorf("%s: logged %q", what, text)
	case logged && there != "":
		for _, part := range []string{"level=WARN", "here=" + f.settings[0].Value, `there="` + there + " (", `breaks="the bound"`} {
			if !strings.Contains(text, part) {
				f.t.Errorf("%s: %s is not in %q", what, part, text)
			}
		}
	}
}

func TestSettingsDiffer(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		first, second := f.frontendWith(t, "2"), f.frontendWith(t, "2")
		first.expect("alone", "", false)
		second.expect("alike", "", false)

		third := f.frontendWith(t, "3")
		third.expect("the newest", "2", true)
		first.expect("an older one", "3", true)
		first.expect("later", "3", false)

		second.forget() // a rolling restart
		f.frontendWith(t, "3").expect("the second anew", "2", true)
		first.forget()
		third.expect("when the last one has stopped", "", true)

		first = f.frontendWith(t, "2")
		first.expect("one that will crash", "3", true)
		third.expect("beside it", "2", true)
		f.Advance(settingsKept / 2)
		third.expect("at first", "2", false)
		f.Advance(settingsKept / 2)
		third.expect("after a while", "", true)

		first.expect("it was only away", "3", false)
		f.command("DEL", keys.Settings)
		third.expect("Redis is empty", "", false)
		first.expect("Redis is empty", "3", false)
		third.expect("both said theirs again", "2", true)
		f.Advance(-time.Hour)
		third.expect("the clock was set back", "", true)
		first.expect("the clock was set back", "3", false)
		third.expect("both said theirs again", "2", true)
	})
}

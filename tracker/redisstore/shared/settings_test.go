package shared_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// frontendWith is a frontend's comparison, which compares when the test says so.
type frontendWith struct {
	*shared.Comparison
	t     *testing.T
	log   *storetest.Log
	bound string // its MAX_REPR_RACK
}

func newFrontendWith(t *testing.T, f *storetest.Fixture, maxReprRack string) *frontendWith {
	t.Helper()
	log := &storetest.Log{}
	settings := shared.NewSettings(storetest.OpenClient(t, f.Opts), nil, log.Logger())
	return &frontendWith{settings.NewComparison([]shared.Setting{
		{Name: "MAX_REPR_RACK", Value: maxReprRack, Breaks: "the bound"},
		{Name: "LOCATION", Value: "subnet of two words", Breaks: "racks"},
	}), t, log, maxReprRack}
}

// expect compares, and wants to find so: there is what the others have, empty if they have the same; it is
// logged if that is new.
func (f *frontendWith) expect(what, there string, isNew bool) {
	f.t.Helper()
	f.log.Take()
	if err := f.Compare(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	want := 0.0
	if there != "" {
		want = 1
	}
	if got := testutil.ToFloat64(f.Differ("MAX_REPR_RACK")); got != want {
		f.t.Errorf("%s: p2ptracker_settings_differ is %v", what, got)
	}
	if got := testutil.ToFloat64(f.Differ("LOCATION")); got != 0 {
		f.t.Errorf("%s: LOCATION differs", what)
	}
	text := strings.Join(f.log.Take(), "\n")
	switch logged := strings.Contains(text, "setting=MAX_REPR_RACK"); {
	case logged != isNew, strings.Contains(text, "setting=LOCATION"):
		f.t.Errorf("%s: logged %q", what, text)
	case logged && there != "":
		for _, part := range []string{"level=WARN", "here=" + f.bound, `there="` + there + " (", `breaks="the bound"`} {
			if !strings.Contains(text, part) {
				f.t.Errorf("%s: %s is not in %q", what, part, text)
			}
		}
	}
}

func TestSettingsDiffer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		first, second := newFrontendWith(t, f, "2"), newFrontendWith(t, f, "2")
		first.expect("alone", "", false)
		second.expect("alike", "", false)

		third := newFrontendWith(t, f, "3")
		third.expect("the newest", "2", true)
		first.expect("an older one", "3", true)
		first.expect("later", "3", false)

		second.Forget() // a rolling restart
		newFrontendWith(t, f, "3").expect("the second anew", "2", true)
		first.Forget()
		third.expect("when the last one has stopped", "", true)

		first = newFrontendWith(t, f, "2")
		first.expect("one that will crash", "3", true)
		third.expect("beside it", "2", true)
		f.Advance(shared.SettingsKept / 2)
		third.expect("at first", "2", false)
		f.Advance(shared.SettingsKept / 2)
		third.expect("after a while", "", true)

		first.expect("it was only away", "3", false)
		f.Command("DEL", keys.Settings)
		third.expect("Redis is empty", "", false)
		first.expect("Redis is empty", "3", false)
		third.expect("both said theirs again", "2", true)
		f.Advance(-time.Hour)
		third.expect("the clock was set back", "", true)
		first.expect("the clock was set back", "3", false)
		third.expect("both said theirs again", "2", true)
	})
}

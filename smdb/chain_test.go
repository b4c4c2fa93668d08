package smdb

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// inChainBubble runs a test of a Cache whose chain asks a file, then the SMDB (which
// is the fixture's source), then another local source.
func inChainBubble(t *testing.T, registry *prometheus.Registry, test func(b *fixture, file, last *scripted)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &fixture{T: t, scripted: &scripted{place: rackA}, log: &logtest.Recorder{}}
		file, last := &scripted{err: ErrNotFound}, &scripted{err: ErrNotFound}
		chain := bareChain(registry, Link{"file", file, false}, Link{"smdb", b.scripted, true}, Link{"last", last, false})
		opts := testOptions
		opts.Metrics = registry
		b.cache = NewCache(chain, nil, opts, b.log.Logger())
		defer b.cache.Close()
		test(b, file, last)
	})
}

// What comes before the first remote source is asked each time, so that a file that
// is read anew holds at once; what comes behind is remembered with the rest.
func TestLocalSourcesAreNotRemembered(t *testing.T) {
	inChainBubble(t, prometheus.NewRegistry(), func(b *fixture, file, last *scripted) {
		b.want(rackA, nil, 1)
		file.says(rackB, nil)
		b.want(rackB, nil, 1)
		file.says(tracker.Place{}, ErrInvalid)
		b.want(tracker.Place{}, ErrInvalid, 1)
		file.says(tracker.Place{}, ErrNotFound)
		b.want(rackA, nil, 1)
		if file.called() != 4 || last.called() != 0 {
			b.Errorf("file asked %d times, the last source %d times", file.called(), last.called())
		}

		b.says(tracker.Place{}, ErrNotFound)
		last.says(rackB, nil)
		time.Sleep(testOptions.MaxStale)
		b.want(rackB, nil, 2)
		last.says(rackA, nil)
		b.want(rackB, nil, 2)
	})
}

// A source that fails ends the question, wherever it stands.
func TestFailingSourceEndsTheQuestion(t *testing.T) {
	inChainBubble(t, prometheus.NewRegistry(), func(b *fixture, file, last *scripted) {
		last.says(rackB, nil)
		file.says(tracker.Place{}, errDown)
		b.want(tracker.Place{}, errDown, 0)
		file.says(tracker.Place{}, ErrNotFound)
		b.says(tracker.Place{}, errDown)
		b.want(tracker.Place{}, errDown, 1)
		if last.called() != 0 {
			b.Error("the last source was asked")
		}
	})
}

// In a chain of local sources alone an address that none knows has no location, and
// that is warned of once for each host; so is one that a local source gets wrong.
func TestLocalChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fixture{T: t, scripted: &scripted{err: ErrNotFound}, log: &logtest.Recorder{}}
		memory := newFakeMemory()
		memory.knows(rackB, 0)
		b.cache = NewCache(bareChain(nil, Link{Name: "file", Source: b.scripted}), memory, testOptions, b.log.Logger())
		defer b.cache.Close()
		for i := range 10 {
			b.want(tracker.Place{}, ErrNotFound, i+1) // and never what Redis has from a remote source
		}
		b.wantLines(lineNowhere(slog.LevelWarn, hostAddr, ErrNotFound))
		b.says(rackA, nil)
		b.want(rackA, nil, 11)
		b.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		for i := range 10 {
			b.want(tracker.Place{}, errDown, i+12)
		}
		if lines := b.log.Take(); len(lines) != 1 || !strings.Contains(lines[0], "file: connection refused") {
			b.Errorf("logged %q", lines)
		}
		if memory.place() != rackB {
			b.Error("what a local source said was remembered")
		}
	})
}

func TestExplain(t *testing.T) {
	file, smdb, last := &scripted{err: ErrNotFound}, &scripted{place: rackA}, &scripted{place: tracker.Place{Location: "no rack"}}
	chain := bareChain(nil, Link{"file", file, false}, Link{"smdb", smdb, true}, Link{"last", last, false})
	for _, tt := range []struct {
		err     error // of the SMDB
		decides int
	}{{nil, 1}, {ErrNotFound, 2}, {ErrInvalid, 1}, {errDown, 1}} {
		smdb.says(rackA, tt.err)
		said, decides := chain.Explain(t.Context(), hostAddr)
		if len(said) != 3 || said[0].Source != "file" || said[0].Err != ErrNotFound || !errors.Is(said[1].Err, tt.err) ||
			outcomeOf(said[2].Err) != invalid || said[2].Place != (tracker.Place{}) {
			t.Fatalf("%+v", said)
		}
		if decides != tt.decides {
			t.Errorf("with %v of the SMDB source %d decides, want %d", tt.err, decides, tt.decides)
		}
		// The deciding answer is the chain's.
		place, err := chain.Locate(t.Context(), hostAddr)
		if decider := said[tt.decides]; place != decider.Place || outcomeOf(err) != outcomeOf(decider.Err) {
			t.Errorf("%+v, %v; explained %+v", place, err, decider)
		}
	}
	if _, decides := bareChain(nil, Link{"file", file, false}).Explain(t.Context(), hostAddr); decides != -1 {
		t.Errorf("source %d decides of a host that none knows", decides)
	}
}

// wantCounts compares counters, written as the exposition format does, with what the
// registry has of their names.
func wantCounts(t *testing.T, registry *prometheus.Registry, name string, lines ...string) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			want := "# HELP " + name + " " + family.GetHelp() + "\n# TYPE " + name + " counter\n" + strings.Join(lines, "\n") + "\n"
			if err := testutil.GatherAndCompare(registry, strings.NewReader(want), name); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("there is no %s", name)
}

func TestLookupsAreCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	inChainBubble(t, registry, func(b *fixture, file, last *scripted) {
		for _, err := range []error{nil, ErrNotFound, ErrInvalid, errDown, errDown} {
			b.says(rackA, err)
			_, _ = b.locate()
			time.Sleep(testOptions.MaxStale)
		}
		file.says(rackB, nil)
		_, _ = b.locate()
		last.says(rackB, nil)
	})
	wantCounts(t, registry, "p2ptracker_location_lookups_total",
		`p2ptracker_location_lookups_total{outcome="failed",source="file"} 0`,
		`p2ptracker_location_lookups_total{outcome="failed",source="last"} 0`,
		`p2ptracker_location_lookups_total{outcome="failed",source="smdb"} 2`,
		`p2ptracker_location_lookups_total{outcome="found",source="file"} 1`,
		`p2ptracker_location_lookups_total{outcome="found",source="last"} 0`,
		`p2ptracker_location_lookups_total{outcome="found",source="smdb"} 1`,
		`p2ptracker_location_lookups_total{outcome="invalid",source="file"} 0`,
		`p2ptracker_location_lookups_total{outcome="invalid",source="last"} 0`,
		`p2ptracker_location_lookups_total{outcome="invalid",source="smdb"} 1`,
		`p2ptracker_location_lookups_total{outcome="not_found",source="file"} 5`,
		`p2ptracker_location_lookups_total{outcome="not_found",source="last"} 1`,
		`p2ptracker_location_lookups_total{outcome="not_found",source="smdb"} 1`,
	)
}

func TestMemoryIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	synctest.Test(t, func(t *testing.T) {
		b, memory := &fixture{T: t, scripted: &scripted{place: rackA}, log: &logtest.Recorder{}}, newFakeMemory()
		memory.knows(rackA, 0)
		opts := testOptions
		opts.Metrics = registry
		b.cache = NewCache(chainOf(b.scripted), memory, opts, b.log.Logger())
		defer b.cache.Close()

		_, _ = b.locate() // miss, fresh in Redis
		for range 3 {
			_, _ = b.locate() // fresh
		}
		b.says(tracker.Place{}, errDown)
		time.Sleep(testOptions.TTL)
		_, _ = b.locate() // stale; the SMDB fails, and Redis has the same
		memory.change(isDown)
		time.Sleep(testOptions.MaxStale)
		_, _ = b.locate() // miss, Redis is down, and so is the SMDB
		_, _ = b.locate() // nowhere
		b.says(rackA, nil)
		time.Sleep(testOptions.FailureTTL)
		memory.change(isUp)
		_, _ = b.locate() // miss, unused
		memory.change(isDown)
		b.cache.lookup.remember(hostAddr, answer{}, tracker.Moment{Time: time.Now()})
		synctest.Wait()
	})
	wantCounts(t, registry, "p2ptracker_location_cache_total",
		`p2ptracker_location_cache_total{result="fresh"} 3`,
		`p2ptracker_location_cache_total{result="miss"} 3`,
		`p2ptracker_location_cache_total{result="nowhere"} 1`,
		`p2ptracker_location_cache_total{result="stale"} 1`,
	)
	wantCounts(t, registry, "p2ptracker_location_recalls_total",
		`p2ptracker_location_recalls_total{result="failed"} 1`,
		`p2ptracker_location_recalls_total{result="fresh"} 1`,
		`p2ptracker_location_recalls_total{result="stale"} 1`,
		`p2ptracker_location_recalls_total{result="unused"} 1`,
	)
	wantCounts(t, registry, "p2ptracker_location_unwritten_total", "p2ptracker_location_unwritten_total 1")
}

package redisstore_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// A push reads as a few lines, one for each thing that happened.
func TestNews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		s, log := storetest.OpenLogged(t, f.Opts)
		storetest.Await(t, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
		log.Take()
		hash := f.RegisterTransfer(t, 1)
		push := func(rack tracker.Location, n int, left uint64, event tracker.Event) {
			f.Advance(time.Minute)
			a := storetest.AnnounceOf(hash, rack, n)
			a.Left, a.Event = left, event
			if _, err := s.Announce(context.Background(), a); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(what string, want ...string) {
			t.Helper()
			if got := log.Take(); !slices.Equal(got, want) && (len(want) > 0 || got[0] != "") {
				t.Errorf("%s: logged\n%s\nexpected\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		push("r0", 9, 0, started)
		push("r0", 9, 0, completed)
		expect("the first seeder")
		push("r1", 1, 100, started)
		push("r1", 2, 100, started)
		push("r2", 3, 100, started)
		expect("starts", `"first host started" name=payload-1 host=10.0.0.1:6881 rack=r1 after=3m0s`)
		push("r1", 1, 0, completed)
		push("r2", 3, 0, none)
		expect("a rack", `"rack complete" name=payload-1 rack=r2 hosts=1 seeded=0 after=4m0s`)
		push("r1", 2, 0, completed)
		got := log.Take()
		slices.Sort(got)
		if want := []string{
			`"rack complete" name=payload-1 rack=r1 hosts=2 seeded=0 after=5m0s`,
			`"transfer complete" name=payload-1 hosts=4 seeded=1 after=5m0s`,
		}; !slices.Equal(got, want) {
			t.Errorf("all: logged %q", got)
		}
		push("r1", 2, 0, none)
		push("r1", 2, 0, completed)
		expect("once more")
		push("r1", 1, 0, stopped)
		expect("a representative stops with everything")
		push("r4", 5, 50, started)
		push("r4", 5, 40, stopped)
		expect("one falls silent, and one gives up",
			`"representative lost" name=payload-1 why=expired rack=r0 host=10.0.0.9:6881 silent=11m0s representatives=0`,
			`"representative lost" name=payload-1 why=stopped rack=r4 host=10.0.0.5:6881 silent=1m0s representatives=0`)
		if _, err := s.Drop(context.Background(), hash, storetest.AnnounceOf(hash, "r4", 5).Addr); err != nil {
			t.Fatal(err)
		}
		log.Take()
		f.Advance(storetest.Rules.PeerTTL)
		push("r3", 4, 5, started)
		if got = log.Take(); len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "why=expired rack=r2") {
			t.Errorf("silence: logged %q", got)
		}
		push("r3", 4, 5, none)
		if _, err := s.Drop(context.Background(), hash, storetest.AnnounceOf(hash, "r3", 4).Addr); err != nil {
			t.Fatal(err)
		}
		expect("dropped", `"transfer complete" name=payload-1 hosts=4 seeded=1 after=23m0s`,
			`"representative lost" name=payload-1 why=dropped rack=r3 host=10.0.0.4:6881 silent=0s representatives=0`)
	})
}

// That a rack waits is said once, not at each announce; and why the wait ends.
func TestNewsOfLeases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		s, log := storetest.OpenLogged(t, f.Opts)
		storetest.Await(t, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
		old, next := f.RegisterTransfer(t, 1), f.RegisterTransfer(t, 2)
		push := func(hash tracker.InfoHash, n int, left uint64) {
			a := storetest.AnnounceOf(hash, "r1", n)
			a.Left, a.Event, a.ReprScope = left, none, tracker.ScopeRack
			if _, err := s.Announce(context.Background(), a); err != nil {
				t.Fatal(err)
			}
			storetest.AwaitBackground(t, s)
		}
		push(old, 1, 100)
		push(old, 2, 100)
		push(next, 3, 100)
		push(next, 4, 100)
		push(old, 2, 0)
		push(old, 1, 0)
		f.Advance(11 * time.Second)
		push(next, 3, 100)
		got := slices.DeleteFunc(log.Take(), func(line string) bool {
			return !strings.Contains(line, "waits") && !strings.Contains(line, "lost")
		})
		if len(got) != 2 || got[0] != `"rack waits: other transfers hold its leases" name=payload-2 rack=r1` ||
			!regexp.MustCompile(`^"representative lost" name=payload-1 why=yielded rack=r1 host=10.0.0.[12]:6881 silent=11s representatives=1$`).MatchString(got[1]) {
			t.Errorf("logged\n%s", strings.Join(got, "\n"))
		}
	})
}

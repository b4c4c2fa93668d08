package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// TestScriptsAreCalled: each script is called by one package, whose TestScriptHeaders checks it.
func TestScriptsAreCalled(t *testing.T) {
	var called []string
	for _, dir := range []string{"client", "shared", "swarm", "registry"} {
		called = append(called, storetest.ScriptsOf(t, dir)...)
	}
	slices.Sort(called)
	if all := slices.Sorted(maps.Keys(lua.All)); !slices.Equal(called, all) {
		t.Errorf("called are %v, there are %v", called, all)
	}
}

// TestScriptFlush: a Redis that forgets its scripts while announces are under
// way is noticed by nobody.
func TestScriptFlush(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	hash := f.RegisterTransfer(t, 1)
	var failed atomic.Int64
	storetest.InParallel(5000, func(n int) {
		if n%100 == 0 {
			if err := f.Command("SCRIPT", "FLUSH").Error(); err != nil {
				failed.Add(1)
			}
		}
		if _, err := f.Announce(context.Background(), storetest.AnnounceOf(hash, tracker.Location(fmt.Sprint("r", n%50)), n)); err != nil {
			failed.Add(1)
		}
	})
	if n := failed.Load(); n != 0 {
		t.Errorf("%d calls failed", n)
	}
	if h := f.MustAnnounce(t, storetest.AnnounceOf(hash, "r0", 0)); h.Incomplete != 5000 {
		t.Errorf("%d leechers, expected 5000: an announce was lost or counted twice", h.Incomplete)
	}
}

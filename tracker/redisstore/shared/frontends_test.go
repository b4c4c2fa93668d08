package shared_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/smdb/sources"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Frontends that share what the SMDB says: caches of package smdb in front of an SMDB
// over HTTP, with Redis between them.

// servers is an SMDB whose hosts stand where the test says.
type servers struct {
	mu    sync.Mutex
	rack  string // of every host; empty: it knows none
	down  bool
	calls int
	url   string
}

func startSMDB(t *testing.T, rack string) *servers {
	t.Helper()
	s := &servers{rack: rack}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *servers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	switch {
	case s.down:
		w.WriteHeader(http.StatusBadGateway)
	case s.rack == "":
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprintf(w, `{"host-%s": {"cabinet": %q}}`, path.Base(r.URL.Path), s.rack)
	}
}

func (s *servers) says(rack string, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rack, s.down = rack, down
}

func (s *servers) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

var frontendOptions = smdb.CacheOptions{
	TTL: time.Hour, MaxStale: keepLocations, NegativeTTL: time.Millisecond, FailureTTL: time.Millisecond,
	Recall: time.Minute, Size: 1000,
}

// startFrontend opens what a frontend has: a cache on a store.
func startFrontend(t *testing.T, store *redisstore.Store, smdbURL string) *smdb.Cache {
	t.Helper()
	return startFrontendWith(t, store, smdbURL, frontendOptions)
}

func startFrontendWith(t *testing.T, store *redisstore.Store, smdbURL string, opts smdb.CacheOptions) *smdb.Cache {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	settings := &sources.Settings{SMDBSettings: sources.SMDBSettings{SMDBURL: sources.URL(smdbURL), SMDBFields: "cabinet"}}
	chain, err := sources.Open("smdb", settings, smdb.Env{Timeout: time.Minute, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(chain.Close)
	cache := smdb.NewCache(chain, store.Locations(keepLocations), opts, log)
	t.Cleanup(cache.Close)
	return cache
}

// locate says in which rack a frontend sees a host, "" for unknown.
func locate(t *testing.T, cache *smdb.Cache, ip netip.Addr) tracker.Location {
	t.Helper()
	place, err := cache.Locate(context.Background(), ip)
	if err != nil && !errors.Is(err, tracker.ErrLocationUnknown) {
		t.Error(err)
	}
	return place.Location
}

// awaitKept waits until Redis has the rack of a host; "" waits until it has none.
func awaitKept(f *storetest.Fixture, t *testing.T, ip netip.Addr, rack tracker.Location) {
	t.Helper()
	l := f.Locations(keepLocations)
	storetest.Await(t, "Redis has "+string(rack), func() bool {
		last, _, err := l.Recall(context.Background(), ip)
		return err == nil && last.Location == rack
	})
}

func TestSecondFrontendAsksNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		first, second := startFrontend(t, f.Store, db.url), startFrontend(t, storetest.Open(t, f.Opts), db.url)
		if got := locate(t, first, host4); got != "r1" {
			t.Fatal(got)
		}
		awaitKept(f, t, host4, "r1")
		if got := locate(t, second, host4); got != "r1" || db.called() != 1 {
			t.Errorf("%s after %d calls", got, db.called())
		}
		text, _ := f.Command("GET", keys.Location(host4)).ToString()
		if !regexp.MustCompile(`^1800000000 0 [0-9a-f]{8} r1 host-10\.1\.2\.3$`).MatchString(text) {
			t.Errorf("stored as %q", text)
		}
	})
}

// Hosts are known from Redis while the SMDB is down: to a frontend that has just been
// started, however old they are, up to LOCATION_MAX_STALE.
func TestFreshFrontendWithoutSMDB(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		locate(t, startFrontend(t, f.Store, db.url), host4)
		awaitKept(f, t, host4, "r1")
		db.says("", true)
		if got := locate(t, startFrontend(t, f.Store, db.url), host4); got != "r1" || db.called() != 1 {
			t.Errorf("%q after %d calls", got, db.called())
		}
		f.Advance(frontendOptions.TTL)
		if got := locate(t, startFrontend(t, f.Store, db.url), host4); got != "r1" || db.called() < 2 {
			t.Errorf("%q after %d calls", got, db.called())
		}
		f.Advance(keepLocations - frontendOptions.TTL)
		if got := locate(t, startFrontend(t, f.Store, db.url), host4); got != "" {
			t.Errorf("%q a day later", got)
		}
	})
}

func TestHostThatIsGoneIsForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		locate(t, startFrontend(t, f.Store, db.url), host4)
		awaitKept(f, t, host4, "r1")
		db.says("", false)
		f.Advance(frontendOptions.TTL)
		if got := locate(t, startFrontend(t, f.Store, db.url), host4); got != "" {
			t.Error(got)
		}
		awaitKept(f, t, host4, "")
	})
}

// What stands in the key is no reason not to know a host, and is replaced.
func TestGarbageDoesNotHideAHost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		for _, garbage := range [][]string{{"SET", keys.Location(host4), "garbage"}, {"LPUSH", keys.Location(host4), "x"}} {
			f.Command("DEL", keys.Location(host4))
			f.Command(garbage...)
			if got := locate(t, startFrontend(t, f.Store, db.url), host4); got != "r1" {
				t.Errorf("%v: %q", garbage, got)
			}
			awaitKept(f, t, host4, "r1")
		}
		f.Command("SET", keys.LocationGeneration, "garbage")
		if got := locate(t, startFrontend(t, f.Store, db.url), host6); got != "r1" {
			t.Error(got)
		}
	})
}

// Without Redis a frontend asks the SMDB, and remembers by itself.
func TestFrontendWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	f := storetest.New(t, storetest.Options(server.Addr))
	db := startSMDB(t, "r1")
	process, err := os.FindProcess(server.PID)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(state string) {
		t.Helper()
		opts := frontendOptions
		opts.Recall = 50 * time.Millisecond
		cache := startFrontendWith(t, f.Store, db.url, opts)
		before := db.called()
		for range 3 {
			if got := locate(t, cache, host4); got != "r1" {
				t.Errorf("%s: %q", state, got)
			}
		}
		if calls := db.called() - before; calls != 1 {
			t.Errorf("%s: %d calls", state, calls)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if _, err := cache.Refresh(ctx); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%s: refresh: %v", state, err)
		}
		db.says("", true) // what was known is known still
		defer db.says("r1", false)
		if got := locate(t, cache, host4); got != "r1" {
			t.Errorf("%s: after the refresh %q", state, got)
		}
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ask("hangs")
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	ask("down")
}

// A refresh reaches the frontend that took it at once, and the others soon; until a
// source says more, they use what there is.
func TestRefreshReachesOtherFrontends(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		first, second := startFrontend(t, f.Store, db.url), startFrontend(t, storetest.Open(t, f.Opts), db.url)
		locate(t, first, host4)
		awaitKept(f, t, host4, "r1")
		locate(t, second, host4)
		db.says("r2", false)
		if locate(t, first, host4) != "r1" || locate(t, second, host4) != "r1" {
			t.Error("the SMDB was asked before its time")
		}
		if generation, err := first.Refresh(context.Background()); generation != 1 || err != nil {
			t.Fatal(generation, err)
		}
		if got := locate(t, first, host4); got != "r2" {
			t.Errorf("%q right after the refresh", got)
		}
		storetest.Await(t, "the other frontend has forgotten", func() bool { return locate(t, second, host4) == "r2" })

		db.says("", true)
		if _, err := second.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := locate(t, second, host4); got != "r2" {
			t.Errorf("%q with the SMDB down", got)
		}
	})
}

// A host that was moved: the SMDB knows it, an operator refreshes, the host announces,
// and its old rack has it no more.
func TestMovedHostLeavesItsRack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "old")
		cache := startFrontend(t, f.Store, db.url)
		hash := f.RegisterTransfer(t, 1)
		announce := func() tracker.Handout {
			a := storetest.AnnounceOf(hash, "", 1)
			place, err := cache.Locate(context.Background(), a.Addr.Addr())
			if err != nil {
				t.Fatal(err)
			}
			a.Place, a.Event = place, tracker.EventNone
			return f.MustAnnounce(t, a)
		}
		k := keys.Of(hash)
		rackOf := func(rack tracker.Location) [2]int {
			return [2]int{f.Card(k.RackPeers(rack)), f.Card(k.RackRepresentatives(rack))}
		}
		announce()
		db.says("new", false)
		announce()
		if rackOf("old") != [2]int{1, 1} {
			t.Errorf("before the refresh the old rack has %v", rackOf("old"))
		}
		if _, err := cache.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		announce()
		if rackOf("old") != [2]int{0, 0} || rackOf("new") != [2]int{1, 1} {
			t.Errorf("the old rack has %v, the new one %v", rackOf("old"), rackOf("new"))
		}
		stats, err := f.Statistics(context.Background(), hash, true)
		if err != nil || stats.Racks["old"].Progress.Hosts != 0 || stats.Racks["new"].Progress.Hosts != 1 {
			t.Errorf("%+v, %v", stats, err)
		}
	})
}

// What sources said under other settings is no news: a rack would have two names.
func TestOtherSettingsAskAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		db := startSMDB(t, "r1")
		locate(t, startFrontend(t, f.Store, db.url), host4)
		awaitKept(f, t, host4, "r1")
		if got := locate(t, startFrontend(t, f.Store, db.url+"/"), host4); got != "r1" || db.called() != 2 {
			t.Errorf("%s after %d calls", got, db.called())
		}
	})
}

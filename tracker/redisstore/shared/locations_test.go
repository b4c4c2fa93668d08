package shared_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

var _ smdb.Memory = (*shared.Locations)(nil)

// keepLocations is LOCATION_MAX_STALE of these tests.
const keepLocations = 24 * time.Hour

var (
	host4 = netip.MustParseAddr("10.1.2.3")
	host6 = netip.MustParseAddr("2001:db8::7")
)

func located(ip netip.Addr, path tracker.Location, hostname string, asked tracker.Moment) tracker.Located {
	return tracker.Located{IP: ip, Place: tracker.Place{Location: path, Hostname: hostname}, Asked: asked, Chain: "c0ffee"}
}

// recall asks for a host, and compares.
func recall(t *testing.T, l *shared.Locations, ip netip.Addr, want tracker.Place) (last tracker.Located, now tracker.Moment) {
	t.Helper()
	last, now, err := l.Recall(context.Background(), ip)
	if err != nil || last.IP != ip || last.Place != want {
		t.Errorf("%s: %+v, %v; want %+v", ip, last, err, want)
	}
	return last, now
}

func TestLocationsAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx, l := context.Background(), f.Locations(keepLocations)
		_, now := recall(t, l, host4, tracker.Place{})
		if !now.Time.Equal(f.Now()) || now.Generation != 0 {
			t.Errorf("now is %+v", now)
		}
		now.Time = now.Time.Add(999 * time.Millisecond) // rounded down, so that nothing looks too young
		first := located(host4, "r1", "web 1", now)
		err := l.Remember(ctx, []tracker.Located{first, located(host6, "dc1/row3/r2", "", now), located(host4, "r9", "web9", now)})
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{
			"location:10.1.2.3":    "1800000000 0 c0ffee r9 web9",
			"location:2001:db8::7": "1800000000 0 c0ffee dc1/row3/r2 ",
		} {
			if got, _ := f.Command("GET", key).ToString(); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
			if ttl, _ := f.Command("TTL", key).AsInt64(); ttl < 86400-60 || ttl > 86400 {
				t.Errorf("%s expires in %d s", key, ttl)
			}
		}
		if last, _ := recall(t, l, host4, tracker.Place{Location: "r9", Hostname: "web9"}); !last.Asked.Time.Equal(f.Now()) {
			t.Errorf("asked at %v", last.Asked)
		}
		recall(t, l, host6, tracker.Place{Location: "dc1/row3/r2"})

		// The later word stays, also if it is that the host is nowhere.
		if err := l.Remember(ctx, []tracker.Located{first, located(host6, "", "", now)}); err != nil {
			t.Fatal(err)
		}
		recall(t, l, host4, first.Place)
		recall(t, l, host6, tracker.Place{})
		if keys := f.Keys("location:*"); len(keys) != 1 {
			t.Errorf("left: %q", keys)
		}
	})
}

func TestLocationGenerations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx, l, other := context.Background(), f.Locations(keepLocations), storetest.Open(t, f.Opts).Locations(keepLocations)
		want := func(generation int64) {
			t.Helper()
			for _, l := range []*shared.Locations{l, other} {
				got, err := l.Generation(ctx)
				_, now, recallErr := l.Recall(ctx, host4)
				if got != generation || now.Generation != generation || err != nil || recallErr != nil {
					t.Errorf("generation %d and %d, %v, %v; want %d", got, now.Generation, err, recallErr, generation)
				}
			}
		}
		want(0)
		for n := range int64(3) {
			if got, err := other.NextGeneration(ctx); got != n+1 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
			want(n + 1)
		}
		if text, _ := f.Command("GET", "location_generation").ToString(); text != "3" {
			t.Errorf("stored as %q", text)
		}
		f.Command("DEL", "location_generation")
		want(0)

		// Garbage is no refresh, and nothing is written by it.
		for _, garbage := range []string{"many", "-1", ""} {
			f.Command("SET", "location_generation", garbage)
			if _, err := l.Generation(ctx); err == nil || errors.Is(err, tracker.ErrUnavailable) {
				t.Errorf("%q: %v", garbage, err)
			}
			if _, now, err := l.Recall(ctx, host4); err == nil || now != (tracker.Moment{}) {
				t.Errorf("%q: %+v, %v", garbage, now, err)
			}
		}
		f.Command("DEL", "location_generation")
		f.Command("LPUSH", "location_generation", "1")
		if _, err := l.NextGeneration(ctx); err == nil || errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("a list: %v", err)
		}
	})
}

// Whatever stands in a host's key: it is known, or it is not, and the next word replaces it.
func TestGarbageInALocation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		ctx, l, key := context.Background(), f.Locations(keepLocations), keys.Location(host4)
		for _, garbage := range shared.Unreadable {
			f.Command("SET", key, garbage)
			recall(t, l, host4, tracker.Place{})
		}
		f.Command("DEL", key)
		f.Command("LPUSH", key, "1800000000 0 c0ffee r1 web1")
		_, now := recall(t, l, host4, tracker.Place{})
		if err := l.Remember(ctx, []tracker.Located{located(host4, "r1", "web1", now)}); err != nil {
			t.Fatal(err)
		}
		recall(t, l, host4, tracker.Place{Location: "r1", Hostname: "web1"})
	})
}

func TestLocationsWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	f := storetest.New(t, storetest.Options(server.Addr))
	l := f.Locations(keepLocations)
	process, err := os.FindProcess(server.PID)
	if err != nil {
		t.Fatal(err)
	}
	unavailable := func(state string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, _, recallErr := l.Recall(ctx, host4)
		_, generationErr := l.Generation(ctx)
		_, nextErr := l.NextGeneration(ctx)
		rememberErr := l.Remember(ctx, []tracker.Located{located(host4, "r1", "", tracker.Moment{})})
		for _, err := range []error{recallErr, generationErr, nextErr, rememberErr} {
			if !errors.Is(err, tracker.ErrUnavailable) {
				t.Errorf("%s: %v", state, err)
			}
		}
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	unavailable("hangs")
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	unavailable("down")
}

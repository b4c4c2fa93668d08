package shared_test

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

func secretOf(f *storetest.Fixture, hour int64) string {
	text, _ := f.Command("GET", keys.Secret(hour)).ToString()
	return text
}

func hourOf(f *storetest.Fixture) int64 { return f.Now().Unix() / 3600 }

func mustRefresh(t *testing.T, k *shared.Secrets) {
	t.Helper()
	if err := k.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// checkAgreed holds that frontends have the same secrets, those of Redis, of three hours
// and no others, and that no two hours have the same.
func checkAgreed(t *testing.T, f *storetest.Fixture, frontends ...*shared.Secrets) {
	t.Helper()
	var seen []string
	for hour := hourOf(f) - 1; hour <= hourOf(f)+1; hour++ {
		digits := secretOf(f, hour)
		for n, k := range frontends {
			if key, ok := k.Secret(hour); !ok || hex.EncodeToString(key[:]) != digits {
				t.Errorf("frontend %d has %x of hour %d, redis %q", n, key, hour, digits)
			}
			if n := k.Known(); n != 3 {
				t.Errorf("%d secrets are known", n)
			}
		}
		if slices.Contains(seen, digits) {
			t.Errorf("%q is of two hours", digits)
		}
		seen = append(seen, digits)
	}
}

// Frontends agree on their secrets, whoever comes first, hour by hour; what was made in
// the last hour is known for that whole time.
func TestSecretsAreShared(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		first, second := shared.NewSecrets(storetest.OpenClient(t, f.Opts)), shared.NewSecrets(storetest.OpenClient(t, f.Opts))
		if _, ok := first.Secret(hourOf(f)); ok {
			t.Error("there is a secret before Redis was asked")
		}
		for n := range 5 {
			if n > 0 {
				f.Advance(time.Hour)
				first, second = second, first
			}
			before, known := first.Secret(hourOf(f))
			mustRefresh(t, first)
			mustRefresh(t, second)
			checkAgreed(t, f, first, second)
			if after, _ := first.Secret(hourOf(f)); known && after != before {
				t.Errorf("hour %d: the secret was not that which was known before", n)
			}
		}
		checkAgreed(t, f, first, refreshed(t, f)) // one that has just been started
		ttl, err := f.Command("TTL", keys.Secret(hourOf(f))).AsInt64()
		if err != nil || ttl < 1 || ttl > 3*3600 {
			t.Errorf("a secret is kept for %d s, %v", ttl, err)
		}
	})
}

func refreshed(t *testing.T, f *storetest.Fixture) *shared.Secrets {
	k := shared.NewSecrets(storetest.OpenClient(t, f.Opts))
	mustRefresh(t, k)
	return k
}

// Any number of frontends that start at once agree.
func TestSecretsOfManyFrontends(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		frontends := make([]*shared.Secrets, 20)
		var starting sync.WaitGroup
		for n := range frontends {
			frontends[n] = shared.NewSecrets(storetest.OpenClient(t, f.Opts))
			starting.Go(func() {
				if err := frontends[n].Refresh(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		starting.Wait()
		checkAgreed(t, f, frontends...)
	})
}

// A Redis that lost its data gets the same secrets back.
func TestSecretsOutliveRedis(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		first, second := refreshed(t, f), refreshed(t, f)
		had, _ := first.Secret(hourOf(f))
		for hour := hourOf(f) - 1; hour <= hourOf(f)+1; hour++ {
			f.Command("DEL", keys.Secret(hour))
		}
		mustRefresh(t, second)
		mustRefresh(t, first)
		checkAgreed(t, f, first, second)
		if got, _ := first.Secret(hourOf(f)); got != had {
			t.Error("the secret is another one")
		}
	})
}

// While Redis is away the last secret is used; afterwards that of the hour again.
func TestSecretsWithoutRedis(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	k := refreshed(t, f)
	last, _ := k.Secret(hourOf(f) + 1)
	f.Advance(5 * time.Hour)
	opts := storetest.Options("127.0.0.1:1")
	opts.Now = f.Now
	away := client.Open(storetest.ClientOptions(opts), slog.New(slog.DiscardHandler))
	t.Cleanup(away.Close)
	k.SetClient(away.Announces())
	if err := k.Refresh(context.Background()); !errors.Is(err, tracker.ErrUnavailable) {
		t.Errorf("refreshed without Redis: %v", err)
	}
	for hour := hourOf(f) - 1; hour <= hourOf(f)+1; hour++ {
		if got, ok := k.Secret(hour); !ok || got != last {
			t.Errorf("hour %d: %x, %t instead of %x", hour, got, ok, last)
		}
	}
	k.SetClient(storetest.OpenClient(t, f.Opts))
	mustRefresh(t, k)
	checkAgreed(t, f, k)
}

// An earlier secret stands for a later hour, the last of them, and never the other way.
func TestSecretOfAnHourThatIsNotKnown(t *testing.T) {
	k := shared.NewSecrets(nil)
	k.SetKnown(map[int64][16]byte{10: {10}, 12: {12}, 13: {13}})
	for hour, want := range map[int64]byte{9: 0, 10: 10, 11: 10, 12: 12, 13: 13, 14: 13, 100: 13} {
		if got, ok := k.Secret(hour); got[0] != want || ok != (want != 0) {
			t.Errorf("hour %d: %x, %t", hour, got, ok)
		}
	}
}

// What is no secret is not used, and does not replace one.
func TestSecretsOfStrangers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		k := refreshed(t, f)
		had, _ := k.Secret(hourOf(f))
		for _, value := range []string{"", "secret", strings.Repeat("0", 31), strings.Repeat("g", 32), strings.Repeat("0", 33)} {
			f.Command("SET", keys.Secret(hourOf(f)), value)
			if err := k.Refresh(context.Background()); !errors.Is(err, shared.ErrSecret) {
				t.Errorf("%q: %v", value, err)
			}
		}
		f.Command("DEL", keys.Secret(hourOf(f)))
		f.Command("LPUSH", keys.Secret(hourOf(f)), "x")
		if err := k.Refresh(context.Background()); err == nil || errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("a list: %v", err)
		}
		if got, ok := k.Secret(hourOf(f)); !ok || got != had {
			t.Error("the secret is lost")
		}
	})
}

// A frontend that starts before its Redis has secrets soon after that is there.
func TestSecretsAreKept(t *testing.T) {
	server := redistest.Start(t)
	server.Stop()
	s := redisstore.Open(storetest.Options(server.Addr), slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	k := s.Secrets()
	t.Cleanup(k.Close)
	if _, ok := k.Secret(k.Hour()); ok {
		t.Error("there is a secret without Redis")
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	storetest.Await(t, "there is a secret", func() bool {
		_, ok := k.Secret(k.Hour())
		return ok
	})
	if want := time.Now().Unix() / 3600; k.Hour() != want && k.Hour() != want+1 {
		t.Errorf("hour %d, want %d", k.Hour(), want)
	}
	if key := keys.Secret(123456); key != "udp_secret:"+strconv.Itoa(123456) {
		t.Error(key)
	}
}

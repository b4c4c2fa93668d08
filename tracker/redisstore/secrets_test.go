package redisstore

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
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

func (f *fixture) secret(hour int64) string {
	text, _ := f.command("GET", keys.Secret(hour)).ToString()
	return text
}

func (f *fixture) hour() int64 { return f.Now().Unix() / 3600 }

func mustRefresh(t *testing.T, k *Secrets) {
	t.Helper()
	if err := k.refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// checkAgreed holds that frontends have the same secrets, those of Redis, of three hours
// and no others, and that no two hours have the same.
func checkAgreed(t *testing.T, f *fixture, frontends ...*Secrets) {
	t.Helper()
	var seen []string
	for hour := f.hour() - 1; hour <= f.hour()+1; hour++ {
		digits := f.secret(hour)
		for n, k := range frontends {
			if key, ok := k.Secret(hour); !ok || hex.EncodeToString(key[:]) != digits {
				t.Errorf("frontend %d has %x of hour %d, redis %q", n, key, hour, digits)
			}
			if n := len(*k.known.Load()); n != 3 {
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
	eachStore(t, func(t *testing.T, f *fixture) {
		first, second := newSecrets(f.Store), newSecrets(f.Store)
		if _, ok := first.Secret(f.hour()); ok {
			t.Error("there is a secret before Redis was asked")
		}
		for n := range 5 {
			if n > 0 {
				f.Advance(time.Hour)
				first, second = second, first
			}
			before, known := first.Secret(f.hour())
			mustRefresh(t, first)
			mustRefresh(t, second)
			checkAgreed(t, f, first, second)
			if after, _ := first.Secret(f.hour()); known && after != before {
				t.Errorf("hour %d: the secret was not that which was known before", n)
			}
		}
		checkAgreed(t, f, first, refreshed(t, f)) // one that has just been started
		ttl, err := f.command("TTL", keys.Secret(f.hour())).AsInt64()
		if err != nil || ttl < 1 || ttl > 3*3600 {
			t.Errorf("a secret is kept for %d s, %v", ttl, err)
		}
	})
}

func refreshed(t *testing.T, f *fixture) *Secrets {
	k := newSecrets(f.Store)
	mustRefresh(t, k)
	return k
}

// Any number of frontends that start at once agree.
func TestSecretsOfManyFrontends(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		frontends := make([]*Secrets, 20)
		var starting sync.WaitGroup
		for n := range frontends {
			frontends[n] = newSecrets(f.Store)
			starting.Go(func() {
				if err := frontends[n].refresh(context.Background()); err != nil {
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
	eachStore(t, func(t *testing.T, f *fixture) {
		first, second := refreshed(t, f), refreshed(t, f)
		had, _ := first.Secret(f.hour())
		for hour := f.hour() - 1; hour <= f.hour()+1; hour++ {
			f.command("DEL", keys.Secret(hour))
		}
		mustRefresh(t, second)
		mustRefresh(t, first)
		checkAgreed(t, f, first, second)
		if got, _ := first.Secret(f.hour()); got != had {
			t.Error("the secret is another one")
		}
	})
}

// While Redis is away the last secret is used; afterwards that of the hour again.
func TestSecretsWithoutRedis(t *testing.T) {
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	k := refreshed(t, f)
	last, _ := k.Secret(f.hour() + 1)
	f.Advance(5 * time.Hour)
	away := Open(testOptions("127.0.0.1:1"), slog.New(slog.DiscardHandler))
	t.Cleanup(away.Close)
	k.store = away
	away.opts.Now = f.Now
	if err := k.refresh(context.Background()); !errors.Is(err, tracker.ErrUnavailable) {
		t.Errorf("refreshed without Redis: %v", err)
	}
	for hour := f.hour() - 1; hour <= f.hour()+1; hour++ {
		if got, ok := k.Secret(hour); !ok || got != last {
			t.Errorf("hour %d: %x, %t instead of %x", hour, got, ok, last)
		}
	}
	k.store = f.Store
	mustRefresh(t, k)
	checkAgreed(t, f, k)
}

// An earlier secret stands for a later hour, the last of them, and never the other way.
func TestSecretOfAnHourThatIsNotKnown(t *testing.T) {
	k := newSecrets(nil)
	k.known.Store(&map[int64]secret{10: {10}, 12: {12}, 13: {13}})
	for hour, want := range map[int64]byte{9: 0, 10: 10, 11: 10, 12: 12, 13: 13, 14: 13, 100: 13} {
		if got, ok := k.Secret(hour); got[0] != want || ok != (want != 0) {
			t.Errorf("hour %d: %x, %t", hour, got, ok)
		}
	}
}

// What is no secret is not used, and does not replace one.
func TestSecretsOfStrangers(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		k := refreshed(t, f)
		had, _ := k.Secret(f.hour())
		for _, value := range []string{"", "secret", strings.Repeat("0", 31), strings.Repeat("g", 32), strings.Repeat("0", 33)} {
			f.command("SET", keys.Secret(f.hour()), value)
			if err := k.refresh(context.Background()); !errors.Is(err, errSecret) {
				t.Errorf("%q: %v", value, err)
			}
		}
		f.command("DEL", keys.Secret(f.hour()))
		f.command("LPUSH", keys.Secret(f.hour()), "x")
		if err := k.refresh(context.Background()); err == nil || errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("a list: %v", err)
		}
		if got, ok := k.Secret(f.hour()); !ok || got != had {
			t.Error("the secret is lost")
		}
	})
}

// A frontend that starts before its Redis has secrets soon after that is there.
func TestSecretsAreKept(t *testing.T) {
	server := redistest.Start(t)
	server.Stop()
	s := Open(testOptions(server.Addr), slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	k := s.Secrets()
	t.Cleanup(k.Close)
	if _, ok := k.Secret(s.hour()); ok {
		t.Error("there is a secret without Redis")
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	await(t, "there is a secret", func() bool {
		_, ok := k.Secret(s.hour())
		return ok
	})
	if want := time.Now().Unix() / 3600; s.hour() != want && s.hour() != want+1 {
		t.Errorf("hour %d, want %d", s.hour(), want)
	}
	if key := keys.Secret(123456); key != "udp_secret:"+strconv.Itoa(123456) {
		t.Error(key)
	}
}

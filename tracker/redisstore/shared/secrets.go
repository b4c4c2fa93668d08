package shared

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// How secrets are kept.
const (
	secretTTL     = 3 * time.Hour          // the hour before one's own, that hour, and the one after
	secretRefresh = 10 * time.Second       // between looks at Redis
	secretRetry   = 100 * time.Millisecond // likewise, while there is no secret at all
)

// secret is 16 random bytes, 32 hexadecimal digits in Redis.
type secret = [16]byte

// Secrets are random numbers that all frontends share, one for each hour of unix time. Those
// of the last, this and the next hour are had in advance, so that no frontend meets one
// that it does not know; the clocks of frontends tell the hour, and may differ.
//
// A frontend offers what it has, or something new, and takes what Redis holds: whoever
// comes first decides, and secrets come back to a Redis that has lost them.
type Secrets struct {
	redis   *client.Client
	log     *slog.Logger
	known   atomic.Pointer[map[int64]secret]
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// KeepSecrets begins to keep secrets, in the background.
func KeepSecrets(redis *client.Client, log *slog.Logger) *Secrets {
	ctx, stop := context.WithCancel(context.Background())
	k := newSecrets(redis, log)
	k.stop = stop
	k.stopped.Go(func() { k.keep(ctx) })
	return k
}

func newSecrets(redis *client.Client, log *slog.Logger) *Secrets {
	k := &Secrets{redis: redis, log: log}
	k.known.Store(&map[int64]secret{})
	return k
}

// Close ends the background work.
func (k *Secrets) Close() {
	k.stop()
	k.stopped.Wait()
}

// Secret returns the secret of an hour, or that of the last hour before it that is known,
// for as long as Redis is away. It does not wait.
func (k *Secrets) Secret(hour int64) (key secret, ok bool) {
	known := *k.known.Load()
	if key, ok = known[hour]; ok {
		return key, true
	}
	var last int64
	for h := range known {
		if h < hour && (!ok || h > last) {
			key, last, ok = known[h], h, true
		}
	}
	return key, ok
}

// keep refreshes the secrets until the context is done. That Redis cannot be asked is
// logged by watch; what else may be wrong is, once.
func (k *Secrets) keep(ctx context.Context) {
	var last string
	for {
		err := k.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, tracker.ErrUnavailable) && err.Error() != last {
			last = err.Error()
			k.log.Error("secrets of connection ids cannot be kept", "error", err)
		}
		wait := secretRefresh
		if len(*k.known.Load()) == 0 {
			wait = secretRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// refresh brings the secrets in line with Redis. After an error they are as they were.
func (k *Secrets) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.redis.Timeout())
	defer cancel()
	known, present := *k.known.Load(), k.hour()
	next := make(map[int64]secret)
	for hour := present - 1; hour <= present+1; hour++ {
		mine, ok := known[hour]
		if !ok {
			rand.Read(mine[:])
		}
		agreed, err := k.agree(ctx, hour, mine)
		if err != nil {
			return fmt.Errorf("secret of an hour: %w", err)
		}
		next[hour] = agreed
	}
	if !maps.Equal(known, next) {
		k.known.Store(&next)
	}
	return nil
}

// hour is the present one, by this machine's clock.
func (k *Secrets) hour() int64 {
	return k.redis.Clock(time.Now()).Unix() / int64(time.Hour/time.Second)
}

// agree offers a secret, and returns the one that all frontends have.
func (k *Secrets) agree(ctx context.Context, hour int64, mine secret) (secret, error) {
	key := keys.Secret(hour)
	results, err := k.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Set().Key(key).Value(hex.EncodeToString(mine[:])).Nx().Ex(secretTTL).Build(),
			b.Get().Key(key).Build(),
		}
	})
	if err != nil {
		return secret{}, err
	}
	digits, err := results[1].ToString()
	if err != nil {
		return secret{}, client.MapError(err)
	}
	return parseSecret(digits)
}

var errSecret = errors.New("redis holds no secret as we write it")

func parseSecret(digits string) (key secret, err error) {
	if len(digits) != hex.EncodedLen(len(key)) {
		return key, errSecret
	}
	if _, err := hex.Decode(key[:], []byte(digits)); err != nil {
		return secret{}, errSecret
	}
	return key, nil
}

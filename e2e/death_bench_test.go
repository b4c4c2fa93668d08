package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// What BenchmarkDeadRepresentatives simulates: racks of 40, whose clients announce every
// 300 s, each rack at moments of its own.
const (
	deathRuns     = 50
	deathRack     = 40
	deathInterval = 300 * time.Second
	deathWarmUp   = 15 * time.Second // the representatives have answered probes
	deathWindow   = 30 * time.Second // within which the racks are struck
	deathPatience = 5 * time.Minute
)

// BenchmarkDeadRepresentatives kills both representatives of racks, aria2 clients that
// download, with SIGKILL, and prints how long it takes until the rack has a
// representative again, and until it has two: the distribution over 50 racks. The other
// 38 hosts of each rack are announces in real proportion. An announce of the rack comes
// every 8 s in the mean, so that is part of each time.
func BenchmarkDeadRepresentatives(b *testing.B) {
	c := startCluster(b, "haproxy", fmt.Sprintf("ACTIVE_INTERVAL=%.0f", deathInterval.Seconds()))
	for b.Loop() {
		s := newSwarm(b, c, "from-the-dead", 64*mebibyte)
		s.seed(b, 250, "slow aria2")
		racks := make([]*deathRun, deathRuns)
		for n := range racks {
			racks[n] = &deathRun{rack: n + 1, representatives: []*member{s.fetchAtAddress(b, n+1), s.fetchAtAddress(b, n+1)}}
		}
		s.awaitAnnounced(b)

		ctx, stop := context.WithTimeout(context.Background(), deathPatience)
		var clients sync.WaitGroup
		for _, r := range racks {
			for n := range deathRack - len(r.representatives) {
				clients.Go(func() { s.simulate(ctx, b, r.rack, n) })
			}
		}
		s.strike(ctx, b, racks)
		stop()
		clients.Wait()
		report(b, racks)
	}
	b.ReportMetric(0, "ns/op")
}

func (s *swarm) fetchAtAddress(b *testing.B, rack int) *member {
	return s.joinAt(b, newAddress(b, rack), "address aria2", nil)
}

// deathRun is one rack: when it was struck, and when it had representatives again.
type deathRun struct {
	rack            int
	representatives []*member
	killed          time.Time
	first, second   time.Duration // from then on; zero: not yet
}

// simulate announces like a client of the rack, until the context is done.
func (s *swarm) simulate(ctx context.Context, b *testing.B, rack, number int) {
	query := url.Values{
		"peer_id": {fmt.Sprintf("-SM0001-%06d%06d", rack, number)}, "port": {"6881"}, "left": {"1000"}, "compact": {"1"},
		"uploaded": {"0"}, "downloaded": {"0"}, "ip": {fmt.Sprintf("10.77.%d.%d", rack, 200+number)},
	}
	hash, err := hex.DecodeString(s.hash)
	if err != nil {
		b.Error(err)
		return
	}
	address := trackerURL + "/announce?info_hash=" + strings.ReplaceAll(url.QueryEscape(string(hash)), "+", "%20") + "&" + query.Encode()
	wait := rand.N(deathInterval) // they have been at it for long
	for {
		if err := announceOnce(ctx, address); err != nil && ctx.Err() == nil {
			b.Error(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = deathInterval*95/100 + rand.N(deathInterval/10)
	}
}

func announceOnce(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := direct.Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(body), "5:peers") {
		err = fmt.Errorf("announce: %s %q", resp.Status, body)
	}
	return err
}

// strike kills the representatives of each rack at a moment of its own, and watches until
// all have two again.
func (s *swarm) strike(ctx context.Context, b *testing.B, racks []*deathRun) {
	raw, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"127.0.0.1:" + redisPort}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	began := time.Now().Add(deathWarmUp)
	moments := make([]time.Time, len(racks))
	for n := range moments {
		moments[n] = began.Add(rand.N(deathWindow))
	}
	for left := len(racks); left > 0; time.Sleep(50 * time.Millisecond) {
		if ctx.Err() != nil {
			b.Fatalf("%d racks have no two representatives after %v", left, deathPatience)
		}
		left = 0
		for n, r := range racks {
			switch {
			case r.killed.IsZero() && time.Now().After(moments[n]):
				for _, m := range r.representatives {
					m.kill(b)
				}
				r.killed = time.Now()
			case !r.killed.IsZero() && r.second == 0:
				r.update(b, raw, s.hash)
			}
			if r.second == 0 {
				left++
			}
		}
	}
}

// update reads who represents the rack.
func (r *deathRun) update(b *testing.B, raw rueidis.Client, hash string) {
	key := fmt.Sprintf("{%s}:rack:%s:R", hash, rackName(r.rack))
	members, err := raw.Do(context.Background(), raw.B().Smembers().Key(key).Build()).AsStrSlice()
	if err != nil {
		b.Fatal(err)
	}
	living := slices.DeleteFunc(members, func(addr string) bool {
		return slices.ContainsFunc(r.representatives, func(m *member) bool {
			return netip.AddrPortFrom(m.addr, uint16(m.addressPort())).String() == addr
		})
	})
	if len(living) > 0 && r.first == 0 {
		r.first = time.Since(r.killed)
	}
	if len(living) == maxReprRack {
		r.second = time.Since(r.killed)
	}
}

func report(b *testing.B, racks []*deathRun) {
	for _, which := range []struct {
		name string
		time func(*deathRun) time.Duration
	}{
		{"first", func(r *deathRun) time.Duration { return r.first }},
		{"both", func(r *deathRun) time.Duration { return r.second }},
	} {
		var times []float64
		for _, r := range racks {
			times = append(times, which.time(r).Seconds())
		}
		slices.Sort(times)
		at := func(share float64) float64 { return times[int(share*float64(len(times)-1))] }
		b.Logf("%d racks, seconds from kill -9 of both representatives until there is %s again: "+
			"min %.1f, p10 %.1f, p25 %.1f, median %.1f, p75 %.1f, p90 %.1f, max %.1f", len(times),
			map[string]string{"first": "a representative", "both": "their full number"}[which.name],
			at(0), at(0.1), at(0.25), at(0.5), at(0.75), at(0.9), at(1))
		b.ReportMetric(at(0.5), which.name+"-median-s")
		b.ReportMetric(at(0.9), which.name+"-p90-s")
	}
}

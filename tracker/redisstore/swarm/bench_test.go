package swarm_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// BenchmarkAnnounceScript prints what a re-announce costs the Redis process, in
// CPU time, and how often that is the cost of a script that does nothing with the
// same keys and arguments: only the ratio carries over to another machine.
func BenchmarkAnnounceScript(b *testing.B) {
	for _, bench := range []struct {
		name        string
		scope       tracker.ReprScope
		racks, each int
		host        func(i int) int // which hosts announce again
	}{
		{"rack of 40 of 10000", tracker.ScopeTransfer, 250, 40, func(i int) int { return i%250*40 + 2 + i/250%38 }},
		{"rack of 40 of 10000 by rack", tracker.ScopeRack, 250, 40, func(i int) int { return i%250*40 + 2 + i/250%38 }},
		{"representative with 10000 racks", tracker.ScopeTransfer, 10_000, 4, func(i int) int { return i % 10_000 * 4 }},
		{"flat swarm of 100000", tracker.ScopeTransfer, 1, 100_000, func(i int) int { return 2 + i*7919%99_998 }},
		{"flat swarm of 1000000", tracker.ScopeTransfer, 1, 1_000_000, func(i int) int { return 2 + i*7919%999_998 }},
		{"rack of 40 of 1000000", tracker.ScopeTransfer, 25_000, 40, func(i int) int { return i%25_000*40 + 2 + i/25_000%38 }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			f := storetest.New(b, storetest.Options(redistest.Start(b).Addr))
			hash := f.RegisterTransfer(b, 1)
			announceOfHost := func(n int) tracker.Announce {
				a := storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("r%d", n/bench.each)), n)
				a.Left, a.ReprScope, a.ProbeInterval = 500, bench.scope, 10*time.Second
				a.Key, a.Hostname = fmt.Sprintf("%08x", n), "" // as by default: grouped by subnet
				return a
			}
			empty := memory(b, f)
			storetest.InParallel(bench.racks*bench.each, func(n int) { f.MustAnnounce(b, announceOfHost(n)) })
			stored := memory(b, f) - empty

			again := func(n int) tracker.Announce {
				a := announceOfHost(bench.host(n))
				a.Event = tracker.EventNone
				return a
			}
			noop := rueidis.NewLuaScript("return {1}")
			client, err := rueidis.NewClient(rueidis.ClientOption{ // as the store's
				InitAddress: []string{f.Opts.Addr}, DisableCache: true, DisableRetry: true, AlwaysPipelining: true,
			})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(client.Close)
			var announced, idle time.Duration
			for b.Loop() {
				const calls = 10_000
				idle += cpu(b, f, func() {
					storetest.InParallel(calls, func(n int) {
						call := swarm.AgainCall(again(n), strconv.FormatInt(f.Now().Unix(), 10))
						if err := noop.Exec(context.Background(), client, call.Keys, call.Args).Error(); err != nil {
							b.Error(err)
						}
					})
				}) / calls
				announced += cpu(b, f, func() {
					storetest.InParallel(calls, func(n int) { f.MustAnnounce(b, again(n)) })
				}) / calls
			}
			b.ReportMetric(float64(announced.Nanoseconds())/1000/float64(b.N), "redis-µs/announce")
			b.ReportMetric(float64(announced)/float64(idle), "×no-op")
			b.ReportMetric(float64(stored)/float64(bench.racks*bench.each), "bytes/peer")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpu is the time that Redis' main thread spends while f runs.
func cpu(b *testing.B, f *storetest.Fixture, run func()) time.Duration {
	before := cpuUsed(b, f)
	run()
	return cpuUsed(b, f) - before
}

func cpuUsed(b *testing.B, f *storetest.Fixture) time.Duration {
	info := info(b, f, "cpu")
	return time.Duration((info["used_cpu_sys_main_thread"] + info["used_cpu_user_main_thread"]) * float64(time.Second))
}

// memory is what Redis has allocated, in bytes.
func memory(b *testing.B, f *storetest.Fixture) int { return int(info(b, f, "memory")["used_memory"]) }

// info are the numbers of a section of INFO.
func info(b *testing.B, f *storetest.Fixture, section string) map[string]float64 {
	text, err := f.Command("INFO", section).ToString()
	if err != nil {
		b.Fatal(err)
	}
	numbers := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			numbers[name] = number
		}
	}
	return numbers
}

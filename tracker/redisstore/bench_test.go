package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
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
			f := newFixture(b, testOptions(redistest.Start(b).Addr))
			hash := f.registerTransfer(b, 1)
			announceOfHost := func(n int) tracker.Announce {
				a := announceOf(hash, tracker.Location(fmt.Sprintf("r%d", n/bench.each)), n)
				a.Left, a.ReprScope, a.ProbeInterval = 500, bench.scope, 10*time.Second
				a.Key, a.Hostname = fmt.Sprintf("%08x", n), "" // as by default: grouped by subnet
				return a
			}
			empty := f.memory(b)
			inParallel(bench.racks*bench.each, func(n int) { f.announce(b, announceOfHost(n)) })
			stored := f.memory(b) - empty

			again := func(n int) tracker.Announce {
				a := announceOfHost(bench.host(n))
				a.Event = tracker.EventNone
				return a
			}
			noop := rueidis.NewLuaScript("return {1}")
			client, err := f.client()
			if err != nil {
				b.Fatal(err)
			}
			var announced, idle time.Duration
			for b.Loop() {
				const calls = 10_000
				idle += f.cpu(b, func() {
					inParallel(calls, func(n int) {
						call := againCall(again(n), f.now(), 1)
						if err := noop.Exec(context.Background(), client, call.keys, call.args).Error(); err != nil {
							b.Error(err)
						}
					})
				}) / calls
				announced += f.cpu(b, func() {
					inParallel(calls, func(n int) { f.announce(b, again(n)) })
				}) / calls
			}
			b.ReportMetric(float64(announced.Nanoseconds())/1000/float64(b.N), "redis-µs/announce")
			b.ReportMetric(float64(announced)/float64(idle), "×no-op")
			b.ReportMetric(float64(stored)/float64(bench.racks*bench.each), "bytes/peer")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inParallel calls f(0) to f(n-1) from 256 goroutines, so that calls are pipelined.
func inParallel(n int, f func(int)) {
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 256 {
		callers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	callers.Wait()
}

// cpu is the time that Redis' main thread spends while f runs.
func (f *fixture) cpu(b *testing.B, run func()) time.Duration {
	before := f.cpuUsed(b)
	run()
	return f.cpuUsed(b) - before
}

func (f *fixture) cpuUsed(b *testing.B) time.Duration {
	info := f.info(b, "cpu")
	return time.Duration((info["used_cpu_sys_main_thread"] + info["used_cpu_user_main_thread"]) * float64(time.Second))
}

// memory is what Redis has allocated, in bytes.
func (f *fixture) memory(b *testing.B) int { return int(f.info(b, "memory")["used_memory"]) }

// info are the numbers of a section of INFO.
func (f *fixture) info(b *testing.B, section string) map[string]float64 {
	text, err := f.command("INFO", section).ToString()
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

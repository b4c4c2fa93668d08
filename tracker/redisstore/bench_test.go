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
	} {
		b.Run(bench.name, func(b *testing.B) {
			f := newFixture(b, testOptions(redistest.Start(b).Addr))
			hash := f.registerTransfer(b, 1)
			announceOfHost := func(n int) tracker.Announce {
				a := announceOf(hash, tracker.Location(fmt.Sprintf("r%d", n/bench.each)), n)
				a.Left, a.ReprScope, a.ProbeInterval = 500, bench.scope, 10*time.Second
				return a
			}
			inParallel(bench.racks*bench.each, func(n int) { f.announce(b, announceOfHost(n)) })

			again := func(n int) tracker.Announce {
				a := announceOfHost(bench.host(n))
				a.Event = tracker.EventNone
				return a
			}
			noop := rueidis.NewLuaScript("return 1")
			client, err := f.client()
			if err != nil {
				b.Fatal(err)
			}
			var announced, idle time.Duration
			for b.Loop() {
				const calls = 2000
				idle += f.cpu(b, func() {
					inParallel(calls, func(n int) {
						call := announceCall(again(n), announceOptions{now: f.now(), seed: 1})
						noop.Exec(context.Background(), client, call.keys, call.args)
					})
				}) / calls
				announced += f.cpu(b, func() {
					inParallel(calls, func(n int) { f.announce(b, again(n)) })
				}) / calls
			}
			b.ReportMetric(float64(announced.Nanoseconds())/1000/float64(b.N), "redis-µs/announce")
			b.ReportMetric(float64(announced)/float64(idle), "×no-op")
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
	info, err := f.command("INFO", "cpu").ToString()
	if err != nil {
		b.Fatal(err)
	}
	var used float64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys_main_thread" || name == "used_cpu_user_main_thread" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			used += seconds
		}
	}
	return time.Duration(used * float64(time.Second))
}

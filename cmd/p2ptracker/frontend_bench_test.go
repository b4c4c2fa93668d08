package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

// BenchmarkFrontend prints the frontend's CPU time of an announce over a kept connection, and
// how often that is the sum of what cannot be spared: the same server that answers a fixed
// reply of equal size by itself, and the bare call of Redis, with the same keys, arguments and
// reply, of a script that does nothing. Only the ratio carries over to another machine; at
// most 1.3 is wanted.
//
// Redis and the clients are other processes. The frontend runs one thread at a time, as where
// it has a core to itself.
func BenchmarkFrontend(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	redis := redistest.Start(b)
	frontend := startFrontend(b, redis.Addr)
	warm := loadOf(b, frontend)
	fixed := startFixed(b, warm.size)
	bare := newBareCall(b, redis.Addr, func() { loadOf(b, frontend) })
	var whole, served, called time.Duration
	rounds := 0
	for b.Loop() {
		whole += loadOf(b, frontend).each
		served += loadOf(b, fixed).each
		called += bare.each(b)
		rounds++
	}
	report := func(d time.Duration, unit string) {
		b.ReportMetric(float64(d.Nanoseconds())/1000/float64(rounds), unit)
	}
	report(whole, "frontend-µs")
	report(served, "fixed-µs")
	report(called, "redis-call-µs")
	b.ReportMetric(float64(whole)/float64(served+called), "ratio")
	b.ReportMetric(0, "ns/op")
}

// startFrontend runs the whole program in this process, and returns its address.
func startFrontend(b *testing.B, redisAddr string) string {
	host, redisPort, _ := net.SplitHostPort(redisAddr)
	port := freePort(b)
	for name, value := range map[string]string{
		"HOST": "127.0.0.1", "PORT": port, "UDP_PORT": "0", "REDISHOST": host, "REDISPORT": redisPort,
		"AUTO_REGISTER": "true", "REPR_PROBE_INTERVAL": "0",
	} {
		b.Setenv(name, value)
	}
	c, wrong := load("")
	if err := wrong.err(); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, &c, wrong, io.Discard, quiet) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		b.Fatal(err)
	}
	return "127.0.0.1:" + port
}

// fixedSwarm answers everybody alike.
type fixedSwarm struct{ tracker.AnnounceResponse }

func (s fixedSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return s.AnnounceResponse, nil
}

func (s fixedSwarm) Scrape(context.Context, []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	return nil, nil
}

// startFixed runs a server whose replies have some size, and returns its address.
func startFixed(b *testing.B, size int) string {
	resp := tracker.AnnounceResponse{Interval: 45 * time.Second, MinInterval: 43 * time.Second, ExternalIP: netip.MustParseAddr("127.0.0.1")}
	peer := tracker.Peer{Addr4: netip.MustParseAddrPort("127.1.2.3:6881")}
	for len(bthttp.AppendAnnounce(nil, tracker.AnnounceRequest{Compact: true}, resp)) < size {
		resp.Peers = append(resp.Peers, peer)
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := bthttp.New(fixedSwarm{resp}, bthttp.Options{Timeout: patience, MaxPending: 1000}, quiet)
	listener := server.Listen(inner, bthttp.Bounds{Connections: 1000, First: headerTimeout, Idle: idleTimeout})
	b.Cleanup(func() { listener.Shutdown(context.Background()) })
	return inner.Addr().String()
}

// loaded is what clients got, and cost.
type loaded struct {
	each time.Duration // of this process's CPU time, for an announce
	size int           // bytes of a reply
}

// loadOf lets clients announce for two seconds.
func loadOf(b *testing.B, addr string) loaded {
	before := usedCPU()
	out, err := exec.Command("announceload", addr).Output() // TestMain put it into PATH
	if err != nil {
		b.Fatalf("announceload: %v", err)
	}
	used := usedCPU() - before
	var announces, bytes int
	if _, err := fmt.Sscan(string(out), &announces, &bytes); err != nil || announces == 0 {
		b.Fatalf("announceload says %q", out)
	}
	return loaded{used / time.Duration(announces), bytes / announces}
}

// usedCPU is this process's CPU time, in user and kernel mode.
func usedCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// bareCall is a call of Redis as the frontend makes it for an announce.
type bareCall struct {
	client     rueidis.Client
	script     *rueidis.Lua
	keys, args []string
}

// newBareCall sees what the last script call among the frontend's is, while it is loaded, and what it is
// answered.
func newBareCall(b *testing.B, addr string, load func()) bareCall {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, DisableCache: true, DisableRetry: true, ForceSingleClient: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	call := overheard(b, addr, load)
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	reply, err := client.Do(ctx, client.B().Arbitrary(call...).Build()).ToMessage()
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(call[2])
	if err != nil {
		b.Fatal(err)
	}
	return bareCall{client, rueidis.NewLuaScript("return " + luaOf(reply)), call[3 : 3+n], call[3+n:]}
}

// each is the CPU time of one among many calls, as many at once as there are clients.
func (c bareCall) each(b *testing.B) time.Duration {
	const calls = 40_000
	before := usedCPU()
	var all sync.WaitGroup
	for range loadClients {
		all.Go(func() {
			for range calls / loadClients {
				ctx, cancel := context.WithTimeout(b.Context(), patience)
				if err := c.script.Exec(ctx, c.client, c.keys, c.args).Error(); err != nil {
					b.Error(err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	return (usedCPU() - before) / (calls / loadClients * loadClients)
}

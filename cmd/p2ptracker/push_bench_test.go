package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// BenchmarkPush tells how long announces take (50th and 99th of 100) and how many fail while hosts
// fetch a torrent all at once, or while clients ask for the statistics of all racks over and over;
// and how much memory the frontend and Redis came to need. The program, its Redis and the
// announcing client are processes of their own. "quiet" is the same with nothing besides.
func BenchmarkPush(b *testing.B) {
	for _, test := range []struct {
		name string
		load func(p *push)
	}{
		{"quiet", func(*push) {}},
		{"400x2MB", func(p *push) { p.fetchAll(400, 2<<20) }},
		{"150x10MB", func(p *push) { p.fetchAll(150, 10<<20) }},
		{"256xracks", func(p *push) { p.readRacks(256) }},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				p := newPush(b)
				p.probe(func() { test.load(p) })
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// push is a frontend and its Redis, each a process.
type push struct {
	*testing.B
	addr  string
	pid   int
	redis *redistest.Server
}

func newPush(b *testing.B) *push {
	p := &push{B: b, redis: redistest.Start(b), addr: "127.0.0.1:" + freePort(b)}
	host, port, err := net.SplitHostPort(p.redis.Addr)
	if err != nil {
		b.Fatal(err)
	}
	program := exec.Command("p2ptracker", "serve") // TestMain put it into PATH
	program.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOST=127.0.0.1", "PORT=" + p.addr[len("127.0.0.1:"):], "REDISHOST=" + host, "REDISPORT=" + port,
		"AUTO_REGISTER=true", "LOCATION=pattern", "LOCATION_PATTERN_OF=address", `LOCATION_PATTERN=^127\.(?P<rack>\d+\.\d+)\.`,
	}
	if err := program.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = program.Process.Kill(); _ = program.Wait() })
	p.pid = program.Process.Pid
	if err := awaitURL("http://" + p.addr + "/readyz"); err != nil {
		b.Fatal(err)
	}
	return p
}

// probe runs load while the program announceprobe announces.
func (p *push) probe(load func()) {
	probe := exec.Command("announceprobe", p.addr)
	input, err := probe.StdinPipe()
	if err != nil {
		p.Fatal(err)
	}
	var out bytes.Buffer
	probe.Stdout, probe.Stderr = &out, os.Stderr
	if err := probe.Start(); err != nil {
		p.Fatal(err)
	}
	time.Sleep(time.Second)
	load()
	time.Sleep(time.Second)
	input.Close()
	if err := probe.Wait(); err != nil {
		p.Fatal(err)
	}
	for word := range strings.FieldsSeq(out.String()) {
		name, value, _ := strings.Cut(word, "=")
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			p.Fatal(err)
		}
		p.ReportMetric(number, name)
	}
	p.ReportMetric(peakMB(p.B, p.pid), "frontend-MB")
	p.ReportMetric(peakMB(p.B, p.redis.PID), "redis-MB")
}

var peakRSS = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMB is the most memory that a process ever had.
func peakMB(tb testing.TB, pid int) float64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := peakRSS.FindSubmatch(status)
	if err != nil || found == nil {
		tb.Fatal(err)
	}
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kb / 1024
}

// fetchAll registers a torrent of so many bytes, and lets so many hosts fetch it at once.
func (p *push) fetchAll(hosts, size int) {
	file := append([]byte("d4:info"+infoOf(100, privately)+"e"), make([]byte, size-2000)...)
	url := "http://" + p.addr + "/torrents/x.torrent"
	resp, err := testClient.Post(url, "", bytes.NewReader(file))
	if err != nil || resp.StatusCode != http.StatusCreated {
		p.Fatal(resp, err)
	}
	resp.Body.Close()
	begin := time.Now()
	p.each(hosts, func() bool { return p.fetch(url) == int64(len(file)) })
	p.ReportMetric(time.Since(begin).Seconds(), "fetched-s")
}

func (p *push) fetch(url string) int64 {
	resp, err := testClient.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	n, _ := io.Copy(io.Discard, resp.Body)
	return n
}

// readRacks makes 10,000 racks, and lets clients ask for their statistics for five seconds.
func (p *push) readRacks(clients int) {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		p.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := range 10_000 {
		if _, err := announceAs(conn, reader, fmt.Sprintf("127.%d.%d.1", n/250, n%250), n); err != nil {
			p.Fatal(err)
		}
	}
	end := time.Now().Add(5 * time.Second)
	var answers atomic.Int64
	p.each(clients, func() bool {
		for time.Now().Before(end) {
			if p.fetch("http://"+p.addr+"/transfers/"+strings.Repeat("30", 20)+".json?racks=1") > 0 {
				answers.Add(1)
			}
		}
		return true
	})
	p.ReportMetric(float64(answers.Load())/5, "answers/s")
}

// each calls f so many times at once, and counts those that are false.
func (p *push) each(n int, f func() bool) {
	var all sync.WaitGroup
	var bad atomic.Int64
	for range n {
		all.Go(func() {
			if !f() {
				bad.Add(1)
			}
		})
	}
	all.Wait()
	p.ReportMetric(float64(bad.Load()), "not-served")
}

// announceAs lets a host announce to the transfer of twenty zeros.
func announceAs(conn net.Conn, reader *bufio.Reader, ip string, n int) (ok bool, err error) {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = fmt.Fprintf(conn, "GET /announce?info_hash=%s&peer_id=-AB0001-%012d&port=6881&left=1000&compact=1&ip=%s HTTP/1.1\r\nHost: x\r\n\r\n",
		strings.Repeat("0", 20), n, ip)
	if err != nil {
		return false, err
	}
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return false, err
	}
	body, err := io.ReadAll(resp.Body)
	return bytes.Contains(body, []byte("5:peers")), err
}

// announceProbe is the program announceprobe: 32 hosts announce some 500 times a second until its
// input ends. It prints how long that took, and how many in a hundred failed.
func announceProbe() {
	var all sync.WaitGroup
	var l latencies
	var failed atomic.Int64
	stop := make(chan struct{})
	for n := range 32 {
		all.Go(func() {
			conn, err := net.Dial("tcp", os.Args[1])
			if err != nil {
				fail(err)
			}
			reader := bufio.NewReader(conn)
			for tick := time.NewTicker(64 * time.Millisecond); ; {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				begin := time.Now()
				ok, err := announceAs(conn, reader, fmt.Sprintf("127.200.0.%d", n+1), 20_000+n)
				if err != nil {
					fail(err)
				}
				if l.add(time.Since(begin)); !ok {
					failed.Add(1)
				}
			}
		})
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(stop)
	all.Wait()
	slices.Sort(l.all)
	at := func(percent int) float64 { return l.all[(len(l.all)-1)*percent/100].Seconds() * 1000 }
	fmt.Printf("p50-ms=%.1f p99-ms=%.1f failed-%%=%.1f\n", at(50), at(99), 100*float64(failed.Load())/float64(len(l.all)))
}

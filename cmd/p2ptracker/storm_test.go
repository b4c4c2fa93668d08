package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// BenchmarkStorm lets 10,000 hosts that nobody has heard of announce in one moment,
// through the whole handler, a real Redis, and an SMDB that takes 10 ms for an answer,
// while known hosts announce every 2 ms. It prints how long announces take (50th and 99th
// of 100): of the known hosts when all is quiet, while 10,000 others that are known, too,
// announce in one moment, and during the storm; and of the new hosts. The SMDB is asked
// once for each new host, and of looks into Redis that did not come to an end there are
// none.
//
// The SMDB answers 32 questions at once, so the last of the new hosts waits 3 s. A known
// host needs nobody's answer: new ones must not delay it more than known ones do.
func BenchmarkStorm(b *testing.B) {
	const crowd, pace = 10_000, 2 * time.Millisecond
	s := newStorm(b)
	s.each(0, crowd, func(n int) { s.announce(n) })
	var quiet, busy, during, fresh latencies
	announced := crowd
	for b.Loop() {
		s.beside(pace, &quiet, func() { time.Sleep(3 * time.Second) })
		s.beside(pace, &busy, func() { s.each(0, crowd, func(n int) { s.announce(n) }) })
		s.beside(pace, &during, func() {
			s.each(announced, announced+crowd, func(n int) { fresh.add(s.announce(n)) })
		})
		announced += crowd
	}
	quiet.report(b, "known")
	busy.report(b, "known-beside-known")
	during.report(b, "known-beside-new")
	fresh.report(b, "new")
	b.ReportMetric(float64(s.asked.Load())/float64(announced), "calls/host")
	b.ReportMetric(s.failedRecalls(), "failed-recalls")
	b.ReportMetric(0, "ns/op")
	if n := s.most.Load(); n > 1 {
		b.Errorf("the SMDB was asked %d times for one host", n)
	}
}

// storm is a frontend, its Redis and its SMDB.
type storm struct {
	testing.TB
	handler  http.Handler
	registry *prometheus.Registry
	asked    atomic.Int64 // questions to the SMDB
	most     atomic.Int64 // for one host
	hosts    sync.Map     // address -> *atomic.Int64
}

func newStorm(tb testing.TB) *storm {
	s := &storm{TB: tb}
	smdb := httptest.NewServer(http.HandlerFunc(s.answer))
	tb.Cleanup(smdb.Close)
	host, port, err := net.SplitHostPort(redistest.Start(tb).Addr)
	if err != nil {
		tb.Fatal(err)
	}
	for name, value := range map[string]string{
		"REDISHOST": host, "REDISPORT": port, "SMDB_URL": smdb.URL, "AUTO_REGISTER": "true",
		"ANNOUNCE_TIMEOUT": "30", "LOCATION_TIMEOUT": "30", // a slow machine is no failure
	} {
		tb.Setenv(name, value)
	}
	c, wrong := load("")
	if err := wrong.err(); err != nil {
		tb.Fatal(err)
	}
	s.registry = newRegistry()
	store, closeStore, err := openStore(&c, s.registry, quiet)
	if err != nil {
		tb.Fatal(err)
	}
	chain, err := openChain(&c, wrong, s.registry, quiet)
	if err != nil {
		tb.Fatal(err)
	}
	cache := newLocator(&c, chain, store, s.registry, quiet)
	t, closeTracker := newTracker(&c, store, cache, s.registry, quiet)
	tb.Cleanup(func() { closeTracker(); cache.Close(); chain.Close(); closeStore() })
	for end := time.Now().Add(patience); store.Ready(tb.Context()) != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("Redis does not get ready")
		}
	}
	s.handler, _ = newHandler(&c, store, t, cache, s.registry, quiet)
	return s
}

// answer is the SMDB: 40 hosts in a rack.
func (s *storm) answer(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	count, _ := s.hosts.LoadOrStore(name, new(atomic.Int64))
	n := count.(*atomic.Int64).Add(1)
	for seen := s.most.Load(); n > seen && !s.most.CompareAndSwap(seen, n); seen = s.most.Load() {
	}
	s.asked.Add(1)
	time.Sleep(10 * time.Millisecond)
	fmt.Fprintf(w, `{"host-%s": {"cabinet": "r%d"}}`, name, numberOf(netip.MustParseAddr(name))/40)
}

func addressOf(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

func numberOf(ip netip.Addr) int {
	b := ip.As4()
	return int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

// announce lets host number n announce, and returns how long that took.
func (s *storm) announce(n int) time.Duration {
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf(
		"/announce?info_hash=%s&peer_id=-XX0001-%012d&port=6881&left=1000&compact=1&ip=%s", strings.Repeat("h", 20), n, addressOf(n)), http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	begin := time.Now()
	s.handler.ServeHTTP(w, r)
	took := time.Since(begin)
	if body, _ := io.ReadAll(w.Body); !strings.HasPrefix(string(body), "d8:complete") {
		s.Errorf("host %d: %s", n, body)
	}
	return took
}

// each calls f for the numbers from first on, all at once.
func (s *storm) each(first, end int, f func(n int)) {
	var all sync.WaitGroup
	for n := first; n < end; n++ {
		all.Go(func() { f(n) })
	}
	all.Wait()
}

// beside lets a known host announce at each tick while f runs, whether those before have
// been answered or not.
func (s *storm) beside(pace time.Duration, l *latencies, f func()) {
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
				all.Go(func() { l.add(s.announce(n % 1000)) })
			case <-stop:
				return
			}
		}
	})
	f()
	close(stop)
	all.Wait()
}

// failedRecalls is what the frontend counted of them.
func (s *storm) failedRecalls() (failed float64) {
	families, err := s.registry.Gather()
	if err != nil {
		s.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "p2ptracker_location_recalls_total" && metric.GetLabel()[0].GetValue() == "failed" {
				failed = metric.GetCounter().GetValue()
			}
		}
	}
	return failed
}

// latencies are how long announces took.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

func (l *latencies) report(b *testing.B, name string) {
	slices.Sort(l.all)
	for _, percent := range []int{50, 99} {
		d := l.all[(len(l.all)-1)*percent/100]
		b.ReportMetric(float64(d.Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", name, percent))
	}
}

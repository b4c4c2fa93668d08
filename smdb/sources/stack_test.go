package sources

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// The whole way of a lookup over real sockets, from Open to the cache, with
// services that fail in every way we know. A subnet stands behind each service:
// its rack comes out only where the service says that it does not know the host.

// service is an HTTP service that each test makes behave as it wants.
type service struct {
	*httptest.Server
	behave atomic.Pointer[http.HandlerFunc]
}

func newService() *service {
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.behave.Load())(w, r) }))
	return s
}

func (s *service) does(behave http.HandlerFunc) { s.behave.Store(&behave) }

// well tells each host its own rack, in what both sources can read.
func well(w http.ResponseWriter, r *http.Request) { io.WriteString(w, bodyFor(r)) }

func bodyFor(r *http.Request) string {
	host := netip.MustParseAddr(path.Base(r.URL.Path)).As4()[3]
	return fmt.Sprintf(`{"host%d": {"cabinet": "r%d"}}`, host, host)
}

func hostNumber(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }

const (
	testToken  = "geheim"
	subnetRack = "10.0.0.0_24"
)

// stack is all that stands between an announce and a service.
type stack struct {
	*smdb.Cache
	chain   *smdb.Chain
	log     *logtest.Recorder
	metrics *prometheus.Registry
}

func newStack(t *testing.T, source, address string, timeout time.Duration, change func(*Settings)) *stack {
	t.Helper()
	settings := &Settings{
		SMDBSettings:   SMDBSettings{SMDBURL: URL(address), SMDBFields: "cabinet", SMDBToken: testToken},
		HTTPSettings:   HTTPSettings{HTTPURL: URL(address + "/hosts/{ip}"), HTTPPath: "$.*.cabinet", HTTPToken: testToken},
		SubnetSettings: SubnetSettings{Subnets: "24,64"},
	}
	if change != nil {
		change(settings)
	}
	s := &stack{log: &logtest.Recorder{}, metrics: prometheus.NewRegistry()}
	s.log.Level.Set(-4)
	chain, err := Open(source+",subnet", settings, smdb.Env{Timeout: timeout, Log: s.log.Logger(), Metrics: s.metrics})
	if err != nil {
		t.Fatal(err)
	}
	s.chain = chain
	s.Cache = smdb.NewCache(chain, nil, smdb.CacheOptions{
		TTL: time.Millisecond, MaxStale: 2 * time.Millisecond, NegativeTTL: time.Millisecond, FailureTTL: time.Millisecond,
		Recall: longTimeout, Size: 100,
	}, s.log.Logger())
	return s
}

// close ends the stack, and holds that it told nobody its token.
func (s *stack) close(t *testing.T) {
	t.Helper()
	s.Close()
	s.chain.Close()
	for _, line := range s.log.Take() {
		if strings.Contains(line, testToken) {
			t.Errorf("logged the token: %s", line)
		}
	}
}

// opened says how often the breaker of the source opened.
func (s *stack) opened(t *testing.T, source string) (times float64) {
	t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, series := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range series.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if family.GetName() == "p2ptracker_location_events_total" && labels["source"] == source && labels["event"] == "opened" {
				return series.GetCounter().GetValue()
			}
		}
	}
	t.Fatal("there is no counter of breakers that opened")
	return 0
}

// recovers asks until the service is believed again, and holds that no other
// rack is told meanwhile.
func (s *stack) recovers(t *testing.T, host int) {
	t.Helper()
	want := tracker.Location(fmt.Sprintf("r%d", host))
	for deadline := time.Now().Add(longTimeout); ; time.Sleep(5 * time.Millisecond) {
		place, err := s.Locate(t.Context(), hostNumber(host))
		switch {
		case err == nil && place.Location == want:
			return
		case err == nil:
			t.Fatalf("host %d: %s", host, place.Location)
		case time.Now().After(deadline):
			t.Fatalf("host %d is not located again: %v", host, err)
		}
	}
}

// noGoroutineStays holds that what a test started ends with it.
func noGoroutineStays(t *testing.T, before int) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // httptest's
	for deadline := time.Now().Add(longTimeout); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			all := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, all[:runtime.Stack(all, true)])
		}
	}
}

// raw answers with what no http.ResponseWriter would send: head, and then more
// again and again until the client leaves. What is little drips.
func raw(head, more string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, err = io.WriteString(conn, head)
		for again := []byte(more); more != "" && err == nil; _, err = conn.Write(again) {
			if len(more) < 1024 {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// reset breaks the connection off in the middle of the answer.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"host1\":")
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// badServices are ways not to answer, for any source. A host is told nothing.
var badServices = map[string]http.HandlerFunc{
	"slow":                   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"down":                   says(503, `{"host1": {"cabinet": "wrong"}}`),
	"not allowed":            says(401, `{"host1": {"cabinet": "wrong"}}`),
	"a page":                 says(200, `<html><body>Please log in</body></html>`),
	"a string":               says(200, `"wrong`),
	"nothing":                says(200, ``),
	"rack of another type":   says(200, `{"host1": {"cabinet": ["wrong"]}}`),
	"two racks":              says(200, `{"host1": {"cabinet": "wrong", "cabinet": "wrong"}}`),
	"two hosts":              says(200, `{"host1": {"cabinet": "wrong"}, "host2": {"cabinet": "wrong too"}}`),
	"length too long":        raw("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\"}}", ""),
	"length too short":       raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\"}}", ""),
	"length of two kinds":    raw("HTTP/1.1 200 OK\r\nContent-Length: 30\r\nContent-Length: 20\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\"}}", ""),
	"not chunked as said":    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\"}}", ""),
	"compressed, it says":    raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08wrong", ""),
	"no HTTP":                raw("SSH-2.0-OpenSSH_9.2\r\n", ""),
	"huge":                   says(200, `{"host1": {"cabinet": "wrong", "x": "`+strings.Repeat("x", 1<<20)+`"}}`),
	"body without end":       raw("HTTP/1.1 200 OK\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\", \"x\": \"", strings.Repeat("x", 4096)),
	"body that drips":        raw("HTTP/1.1 200 OK\r\n\r\n{\"host1\": {\"cabinet\": \"wrong\", \"x\": \"", "x"),
	"error that drips":       raw("HTTP/1.1 503 No\r\n\r\n", "x"),
	"header without end":     raw("HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 4096)+"\r\n"),
	"header that drips":      raw("HTTP/1.1 200 OK\r\nX: ", "x"),
	"continues without end":  raw("", "HTTP/1.1 100 Continue\r\n\r\n"),
	"early hints for ever":   raw("", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
	"resets":                 reset,
	"hangs up":               raw("", ""),
	"another host, they say": nil, // filled in by the test
}

func TestBadServices(t *testing.T) {
	for _, source := range []string{"smdb", "http"} {
		for name, bad := range badServices {
			t.Run(source+" "+name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				var strangers atomic.Int64
				stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					strangers.Add(1)
					well(w, r)
				}))
				bad := bad
				if bad == nil {
					bad = func(w http.ResponseWriter, r *http.Request) {
						http.Redirect(w, r, stranger.URL+r.URL.Path, http.StatusTemporaryRedirect)
					}
				}
				s := newService()
				s.does(bad)
				stack := newStack(t, source, s.URL, 2*shortTimeout, nil)
				for range 2 {
					place, err := stack.Locate(t.Context(), hostNumber(1))
					if err == nil || errors.Is(err, smdb.ErrNotFound) {
						t.Errorf("%+v, %v", place, err)
					} else if strings.Contains(err.Error(), testToken) {
						t.Errorf("the error tells the token: %v", err)
					}
				}
				s.does(well)
				stack.recovers(t, 1)
				if strangers.Load() > 0 {
					t.Errorf("%d requests went to another host", strangers.Load())
				}
				stack.close(t)
				s.Close()
				stranger.Close()
				noGoroutineStays(t, before)
			})
		}
	}
}

// A host that the service does not know is in its subnet.
func TestNextSourceIfTheServiceDoesNotKnow(t *testing.T) {
	s := newService()
	defer s.Close()
	for _, source := range []string{"smdb", "http"} {
		for _, behave := range []http.HandlerFunc{says(404, "no such host"), says(200, `{}`)} {
			s.does(behave)
			stack := newStack(t, source, s.URL, longTimeout, nil)
			if place, err := stack.Locate(t.Context(), hostNumber(1)); err != nil || place.Location != subnetRack {
				t.Errorf("%s: %+v, %v", source, place, err)
			}
			stack.close(t)
		}
	}
}

// However much comes, little of it is taken in.
func TestMemoryIsBounded(t *testing.T) {
	const lookups, bound = 4, 1 << 20 // bytes for each, with those that the service itself needs
	for _, source := range []string{"smdb", "http"} {
		for _, name := range []string{"huge", "body without end", "header without end"} {
			s := newService()
			s.does(badServices[name])
			stack := newStack(t, source, s.URL, longTimeout, nil)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for n := range lookups {
				place, err := stack.chain.Locate(t.Context(), hostNumber(n))
				if err == nil || !strings.Contains(err.Error(), "65536 bytes") && !strings.Contains(err.Error(), "header") {
					t.Errorf("%s: %+v, %v", name, place, err)
				}
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / lookups; each > bound {
				t.Errorf("%s, %s: %d bytes for a lookup", source, name, each)
			}
			stack.close(t)
			s.Close()
		}
	}
}

// All hosts ask a service that dies under them: it is left alone for a while,
// and when it is back each host is told its own rack. No goroutine stays.
func TestServiceThatDiesAndRecovers(t *testing.T) {
	const hosts = 60
	for _, source := range []string{"smdb", "http"} {
		t.Run(source, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s := newService()
			var requests atomic.Int64
			s.does(func(w http.ResponseWriter, r *http.Request) {
				switch requests.Add(1) % 8 { // seven of eight fail, each in another way
				case 0:
					well(w, r)
				case 1:
					reset(w, r)
				case 2:
					<-r.Context().Done()
				case 3:
					says(200, `{"host1": {"cabinet": "wro`)(w, r)
				default:
					says(500, "")(w, r)
				}
			})
			stack := newStack(t, source, s.URL, 2*shortTimeout, nil)
			everybody := func(ask func(host int)) {
				var wg sync.WaitGroup
				for host := range hosts {
					wg.Go(func() { ask(host) })
				}
				wg.Wait()
			}
			for deadline := time.Now().Add(longTimeout); stack.opened(t, source) == 0 && time.Now().Before(deadline); {
				everybody(func(host int) {
					place, err := stack.Locate(t.Context(), hostNumber(host))
					if err == nil && place.Location != tracker.Location(fmt.Sprintf("r%d", host)) || errors.Is(err, smdb.ErrNotFound) {
						t.Errorf("host %d: %+v, %v", host, place, err)
					}
				})
			}
			if stack.opened(t, source) == 0 {
				t.Error("is asked on and on")
			}
			s.does(well)
			everybody(func(host int) { stack.recovers(t, host) })
			stack.close(t)
			s.Close()
			noGoroutineStays(t, before)
		})
	}
}

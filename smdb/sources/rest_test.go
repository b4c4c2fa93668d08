package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

var hostAddr = netip.MustParseAddr("10.1.2.3")

// Time limits of calls in tests: long where it must not be reached, however
// slow the machine, and short where reaching it is the test.
const (
	longTimeout  = time.Minute
	shortTimeout = 50 * time.Millisecond
)

func newREST(t *testing.T, smdbURL string) *restSource {
	t.Helper()
	settings := SMDBSettings{SMDBURL: URL(smdbURL), SMDBFields: "cabinet"}
	return opened(t, settings.openSMDB).(*restSource)
}

// opened opens a source that is closed with the test.
func opened(t *testing.T, open func(smdb.Env) (smdb.Source, error)) smdb.Source {
	t.Helper()
	source, err := open(smdb.Env{Timeout: longTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.(io.Closer).Close() })
	return source
}

// bounded is a chain of one remote source.
func bounded(source smdb.Source, timeout time.Duration) *smdb.Chain {
	env := smdb.Env{Timeout: timeout, Log: slog.New(slog.DiscardHandler)}
	return smdb.NewChain("", []smdb.Link{{Name: "smdb", Source: source, Remote: true}}, env)
}

// serve starts an SMDB that lives as long as the test.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRESTAsksThePathOfTheOlderTracker(t *testing.T) {
	var asked atomic.Value
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked.Store(fmt.Sprint(r.Method, " ", r.URL.Path, " ", user, password))
		io.WriteString(w, `{"web1": {"cabinet": "r17"}}`)
	})
	host := strings.TrimPrefix(base, "http://")
	for _, tt := range []struct{ smdbURL, ip, want string }{
		{base, "10.1.2.3", "GET /servers/ipaddresses/10.1.2.3 "},
		{base + "/", "10.1.2.3", "GET /servers/ipaddresses/10.1.2.3 "},
		{base + "/smdb/v1/", "2001:db8::1", "GET /smdb/v1/servers/ipaddresses/2001:db8::1 "},
		{"http://me:pw@" + host, "10.1.2.3", "GET /servers/ipaddresses/10.1.2.3 mepw"},
	} {
		source := newREST(t, tt.smdbURL)
		place, err := source.Locate(t.Context(), netip.MustParseAddr(tt.ip))
		if err != nil || place != (tracker.Place{Location: "r17", Hostname: "web1"}) {
			t.Errorf("%s: %+v, %v", tt.smdbURL, place, err)
		}
		if asked.Load() != tt.want {
			t.Errorf("%s: asked %q, want %q", tt.smdbURL, asked.Load(), tt.want)
		}
	}
}

// Each way an SMDB may answer is one of the three kinds of error.
func TestRESTAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, `{"web1": {"cabinet": "r17"}}`)
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		err     error
		text    string
	}{
		{"unknown host", status(404), smdb.ErrNotFound, "host not found"},
		{"empty object", body(`{}`), smdb.ErrNotFound, "host not found"},
		{"ambiguous", body(`{"a": {"cabinet": "r1"}, "b": {"cabinet": "r2"}}`), smdb.ErrInvalid, "2 hosts have this address: ambiguous, it is in r1 and in r2"},
		{"invalid rack", body(`{"a": {"cabinet": "r\n1"}}`), smdb.ErrInvalid, `its cabinet: group "r\n1" holds a control character`},
		{"not JSON", body(`<html>`), errFailure, "not a JSON object"},
		{"no content", status(204), errFailure, "status 204"},
		{"error", status(500), errFailure, "status 500"},
		{"refused", status(403), errFailure, "status 403"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, errFailure, "EOF"},
		{"huge header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		}, errFailure, "header"},
		{"just too large", body(`{"a": {"cabinet": "r1"}}` + strings.Repeat(" ", maxAnswer)), errFailure, "65536 bytes"},
		{"never ends", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, `{"a":`); err != nil {
					return
				}
			}
		}, errFailure, "65536 bytes"},
	} {
		source := newREST(t, serve(t, tt.handler))
		place, err := source.Locate(t.Context(), hostAddr)
		if place != (tracker.Place{}) || kind(err) != tt.err || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %+v, %v; want %v with %q", tt.name, place, err, tt.err, tt.text)
		}
	}
}

func TestRESTFollowsNoRedirect(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("redirect followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	source := newREST(t, base)
	if _, err := source.Locate(t.Context(), hostAddr); kind(err) != errFailure {
		t.Error(err)
	}
}

func TestRESTDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	source := newREST(t, "http://me:secret@"+address)
	_, err = source.Locate(t.Context(), hostAddr)
	if kind(err) != errFailure || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// Every way of being slow ends at the call's own deadline, although whoever
// asks has time, and leaves the source usable.
func TestRESTSlow(t *testing.T) {
	hang := func(r *http.Request) { <-r.Context().Done() }
	for name, slow := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { hang(r) },
		"half an answer": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"web1": `)
			w.(http.Flusher).Flush()
			hang(r)
		},
		"a 404 without end": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.(http.Flusher).Flush()
			hang(r)
		},
	} {
		var healthy atomic.Bool
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !healthy.Load() {
				slow(w, r)
				return
			}
			io.WriteString(w, `{"web1": {"cabinet": "r17"}}`)
		})
		source := newREST(t, base)
		if place, err := bounded(source, shortTimeout).Locate(t.Context(), hostAddr); err == nil {
			t.Errorf("%s: %+v", name, place)
		} else if name != "a 404 without end" && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		healthy.Store(true)
		if place, err := bounded(source, longTimeout).Locate(t.Context(), hostAddr); err != nil || place.Location != "r17" {
			t.Errorf("after %s: %+v, %v", name, place, err)
		}
	}
}

// With more askers than connections, no more calls than connections are under
// way, connections are used again, and whoever cannot wait leaves.
func TestRESTConnections(t *testing.T) {
	const connections, askers = smdb.RemoteCalls, 10 * smdb.RemoteCalls
	var calls, most, opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		now := calls.Add(1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		time.Sleep(time.Millisecond)
		calls.Add(-1)
		io.WriteString(w, `{"web1": {"cabinet": "r17"}}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	source := bounded(newREST(t, server.URL), longTimeout)

	for range 2 {
		var wg sync.WaitGroup
		for range askers {
			wg.Go(func() {
				if _, err := source.Locate(t.Context(), hostAddr); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if most.Load() > connections || opened.Load() > connections {
		t.Errorf("%d calls at once over %d connections, want at most %d", most.Load(), opened.Load(), connections)
	}
}

func TestRESTQueueHasTheCallersDeadline(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	base := serve(t, func(http.ResponseWriter, *http.Request) {
		entered <- true
		<-leave
	})
	source := bounded(newREST(t, base), longTimeout)
	var wg sync.WaitGroup
	for range smdb.RemoteCalls {
		wg.Go(func() { _, _ = source.Locate(t.Context(), hostAddr) })
		<-entered
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Locate(ctx, hostAddr); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "taken") {
		t.Error(err)
	}
	close(leave)
	wg.Wait()
}

func TestRESTRefuses(t *testing.T) {
	for _, tt := range []struct {
		settings SMDBSettings
		text     string
	}{
		{SMDBSettings{}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "smdb.example"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "smdb.example:8000"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "/servers"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "ftp://smdb.example"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://:8000"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http:smdb.example"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://me:secret@smdb.example:port"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://me:secret@smdb.example/?dc=1"}, "SMDB_URL: may hold a query only with {ip}"},
		{SMDBSettings{SMDBURL: "http://smdb.example/#servers"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://smdb.example/{host}"}, "SMDB_URL: only {ip}"},
		{SMDBSettings{SMDBURL: "http://{ip}.example/"}, "SMDB_URL: "},
		{SMDBSettings{SMDBURL: "http://smdb.example"}, "SMDB_FIELDS: a field must have a name"},
		{SMDBSettings{SMDBURL: "http://smdb.example", SMDBFields: "row,,cabinet"}, "SMDB_FIELDS: a field must have a name"},
		{SMDBSettings{SMDBURL: "http://smdb.example", SMDBFields: "row, row"}, "SMDB_FIELDS: row is named twice"},
		{SMDBSettings{SMDBURL: "http://smdb.example", SMDBFields: "a,b,c,d,e"}, "SMDB_FIELDS: a path has at most 4"},
		{SMDBSettings{SMDBURL: "http://smdb.example", SMDBFields: "a", SMDBToken: "secret\n"}, "SMDB_TOKEN: must be of printable"},
		{SMDBSettings{SMDBURL: "http://me:secret@smdb.example", SMDBFields: "a", SMDBToken: "secret"}, "SMDB_TOKEN: cannot go with a user"},
		{SMDBSettings{SMDBURL: "http://smdb.example", SMDBFields: "a", SMDBCAFile: "ca.pem"}, "SMDB_CA_FILE: needs an https URL"},
		{SMDBSettings{SMDBURL: "https://smdb.example", SMDBFields: "a", SMDBCAFile: "missing.pem"}, "SMDB_CA_FILE: open missing.pem"},
		{SMDBSettings{SMDBURL: "https://smdb.example", SMDBFields: "a", SMDBCAFile: "rest_test.go"}, "SMDB_CA_FILE: rest_test.go: no PEM"},
	} {
		_, err := tt.settings.openSMDB(smdb.Env{Timeout: longTimeout})
		if err == nil || !strings.HasPrefix(err.Error(), tt.text) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v, want %q", tt.settings, err, tt.text)
		}
	}
}

func TestParseURL(t *testing.T) {
	for _, smdbURL := range []string{"http://smdb.example", "https://me:pw@smdb.example:8443/v1/", "http://[::1]:8000"} {
		if base, err := parseURL(smdbURL); err != nil || base.String() != smdbURL {
			t.Errorf("%q: %v, %v", smdbURL, base, err)
		}
	}
	for _, smdbURL := range []string{"", "smdb.example", "ftp://me:secret@smdb.example", "http://me:secret@", "http://me:secret@x/%zz", "http://me:secret@x/?", "http://x/#y", "http://x/{IP}?{ip}", "http://x/}"} {
		if base, err := parseURL(smdbURL); err == nil || base != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", smdbURL, base, err)
		}
	}
}

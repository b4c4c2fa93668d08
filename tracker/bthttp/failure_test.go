package bthttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
	"github.com/zeebo/bencode"
)

func TestFailures(t *testing.T) {
	const secret = "redis at 10.0.0.9"
	tests := []struct {
		name   string
		err    error
		reason string
		never  bool
		level  string // that it is logged at
	}{
		{"the request's fault", fmt.Errorf("%s: %w", secret, tracker.ClientError("not here")), "not here", true, "DEBUG"},
		{"store away", fmt.Errorf("%s: %w", secret, tracker.ErrUnavailable), "tracker cannot reach its store now", false, "DEBUG"},
		{"location not known", fmt.Errorf("%s: %w", secret, tracker.ErrLocationUnknown), "location of this host is not known yet", false, "DEBUG"},
		{"too early", fmt.Errorf("%s: %w", secret, tracker.ErrTooEarly), "nobody in this rack has anything yet", false, "DEBUG"},
		{"address full", fmt.Errorf("%s: %w", secret, tracker.ErrCrowded), "too many hosts at this address", false, "DEBUG"},
		{"client gone", fmt.Errorf("%s: %w", secret, context.Canceled), "internal error", false, "DEBUG"},
		{"anything else", errors.New(secret), "internal error", false, "ERROR"},
	}
	for _, test := range tests {
		for _, target := range []string{announce, scrape} {
			t.Run(test.name+" "+target[:7], func(t *testing.T) {
				var logged bytes.Buffer
				log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				handler := bthttp.New(&fixedSwarm{err: test.err}, bthttp.Options{Timeout: time.Minute}, log)
				reply := httptest.NewRecorder()
				handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, target, nil))

				checkFailure(t, reply, test.reason, test.never)
				checkLine(t, &logged, "level="+test.level, ` error="`+secret)
			})
		}
	}
}

// TestFailuresAreLoggedSeldom: whoever knows how to make announces fail does not fill the log.
func TestFailuresAreLoggedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		swarm := &fixedSwarm{err: errors.New("WRONGTYPE")}
		handler := bthttp.New(swarm, bthttp.Options{Timeout: time.Minute}, slog.New(slog.NewTextHandler(&logged, nil)))
		ask := func(target string) {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil))
		}
		for range 50 {
			ask(announce)
			ask(scrape)
		}
		checkLine(t, &logged, "level=ERROR", "error=WRONGTYPE", "suppressed=0")
		time.Sleep(time.Minute)
		logged.Reset()
		ask(scrape)
		checkLine(t, &logged, "level=ERROR", "error=WRONGTYPE", "suppressed=99")
	})
}

// TestEnded: who is told to stop gets a failure, but those whom it would bring back a reply without
// peers; and both stay away for weeks.
func TestEnded(t *testing.T) {
	for id, fails := range map[string]bool{
		"-LT2080-": true, "-qB4520-": true, "-DE203s-": true, "-TR4000-": true, "-UT3550-": true, "\xff%00": true,
		"-TR3000-": false, "-TR2940-": false, "-lt0D80-": false, "A2-1-36-": false,
	} {
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		swarm := &fixedSwarm{err: fmt.Errorf("announce: %w", tracker.ErrEnded)}
		registry := prometheus.NewRegistry()
		handler := bthttp.New(swarm, bthttp.Options{Timeout: time.Minute, Metrics: registry}, log)
		id += strings.Repeat("x", 20-len(strings.ReplaceAll(id, "%00", "0")))
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=1&peer_id="+id, nil))
		var got struct {
			Reason      string  `bencode:"failure reason"`
			RetryIn     any     `bencode:"retry in"`
			Warning     string  `bencode:"warning message"`
			Interval    int     `bencode:"interval"`
			MinInterval int     `bencode:"min interval"`
			Peers       *string `bencode:"peers"`
		}
		if err := bencode.DecodeBytes(reply.Body.Bytes(), &got); err != nil || reply.Code != http.StatusOK {
			t.Fatalf("status %d, %v", reply.Code, err)
		}
		failed := strings.Contains(got.Reason, "unregistered torrent") && got.RetryIn == "never" && got.Warning == "" && got.Peers == nil
		answered := got.Reason == "" && got.Warning != "" && got.Peers != nil && *got.Peers == "" && got.MinInterval >= 28*24*3600
		if failed != fails || answered == fails || got.Interval < 28*24*3600 {
			t.Errorf("%q is answered %q", id, reply.Body)
		}
		checkLine(t, &logged, "level=DEBUG", `error="announce: transfer has ended"`)
		const counts = `
			# HELP p2ptracker_http_requests_total Announces and scrapes that came over HTTP, by what became of them.
			# TYPE p2ptracker_http_requests_total counter
			p2ptracker_http_requests_total{outcome="announced"} 0
			p2ptracker_http_requests_total{outcome="deferred"} 0
			p2ptracker_http_requests_total{outcome="ended"} 1
			p2ptracker_http_requests_total{outcome="failed"} 0
			p2ptracker_http_requests_total{outcome="refused"} 0
			p2ptracker_http_requests_total{outcome="scraped"} 0
			p2ptracker_http_requests_total{outcome="shed"} 0
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(counts), "p2ptracker_http_requests_total"); err != nil {
			t.Error(err)
		}
	}
}

// checkLine holds that one line is logged, and what is in it.
func checkLine(t *testing.T, logged *bytes.Buffer, parts ...string) {
	t.Helper()
	line := logged.String()
	if strings.Count(line, "\n") != 1 {
		t.Errorf("logged not one line but %q", line)
	}
	for _, part := range parts {
		if !strings.Contains(line, part) {
			t.Errorf("logged %q without %q", line, part)
		}
	}
}

// TestRefusalsAreLogged: what a client does wrong is one line with DEBUG, and
// none without.
func TestRefusalsAreLogged(t *testing.T) {
	for _, test := range []struct{ method, target, remote, want string }{
		{"GET", "/announce?port=6881", "192.0.2.7:4000", `msg="request failed" path=/announce error="info_hash must be 20 bytes" client=192.0.2.7:4000`},
		{"GET", "/announce?port=6881", "192.0.2.7:0", "client=192.0.2.7\n"},
		{"GET", "/scrape", "[2001:db8::7]:0", `error="scrape must name an info_hash" client=2001:db8::7` + "\n"},
		{"GET", "/scrape?info_hash=x", "192.0.2.7:0", `msg="request failed" path=/scrape error=`},
		{"POST", announce, "192.0.2.7:0", `msg="request refused" method=POST path=/announce status=405 client=192.0.2.7` + "\n"},
		{"GET", "/scrape/" + hexHash, "192.0.2.7:0", `msg="request refused" method=GET path=/scrape/` + hexHash + ` status=404 client=192.0.2.7` + "\n"},
		{"GET", "/announce//", "192.0.2.7:0", "path=/announce// status=404"},
	} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			var logged bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: level}))
			handler := bthttp.New(&fixedSwarm{}, bthttp.Options{Timeout: time.Minute}, log)
			r := httptest.NewRequest(test.method, test.target, nil)
			r.RemoteAddr = test.remote
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if level == slog.LevelDebug {
				checkLine(t, &logged, "level=DEBUG", test.want)
			} else if logged.Len() != 0 {
				t.Errorf("%s %s: logged %s without DEBUG", test.method, test.target, &logged)
			}
		}
	}
}

// inactiveSwarm has no active transfer.
type inactiveSwarm struct{ fixedSwarm }

func (*inactiveSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return tracker.AnnounceResponse{Warning: "not active"}, nil
}

// TestWarningsAreLogged: the announce of a transfer that is not active is one
// line with DEBUG; one that is answered as usual is none.
func TestWarningsAreLogged(t *testing.T) {
	for _, test := range []struct {
		swarm bthttp.Announcer
		level slog.Level
		lines bool
	}{
		{&inactiveSwarm{}, slog.LevelDebug, true},
		{&inactiveSwarm{}, slog.LevelInfo, false},
		{&fixedSwarm{}, slog.LevelDebug, false},
	} {
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: test.level}))
		r := httptest.NewRequest(http.MethodGet, announce, nil)
		r.RemoteAddr = "192.0.2.7:0"
		bthttp.New(test.swarm, bthttp.Options{Timeout: time.Minute}, log).ServeHTTP(httptest.NewRecorder(), r)
		if test.lines {
			checkLine(t, &logged, "level=DEBUG", "hash="+strings.ToUpper(hexHash), `warning="not active"`, "client=192.0.2.7\n")
		} else if logged.Len() != 0 {
			t.Errorf("logged %s", &logged)
		}
	}
}

func checkFailure(t *testing.T, reply *httptest.ResponseRecorder, reason string, never bool) {
	t.Helper()
	if reply.Code != http.StatusOK || reply.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("status %d, %s", reply.Code, reply.Header().Get("Content-Type"))
	}
	var got struct {
		Reason   string `bencode:"failure reason"`
		Interval int    `bencode:"interval"`
		RetryIn  any    `bencode:"retry in"`
	}
	if err := bencode.DecodeBytes(reply.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Reason != reason {
		t.Errorf("reason is %q, want %q", got.Reason, reason)
	}
	if never && (got.RetryIn != "never" || got.Interval != 1800) {
		t.Errorf("retry in %v, interval %d", got.RetryIn, got.Interval)
	}
	if !never && (got.RetryIn != int64(1) || got.Interval < 10 || got.Interval > 20) {
		t.Errorf("retry in %v, interval %d", got.RetryIn, got.Interval)
	}
}

func TestPanicEndsOneConnectionOnly(t *testing.T) {
	swarm := &fixedSwarm{panic: true}
	addr := serve(t, swarm)
	for range 2 {
		conn := dial(t, addr)
		send(t, conn, get(announce, "HTTP/1.1"))
		if raw, _ := io.ReadAll(conn); len(raw) != 0 {
			t.Errorf("reply is %q", raw)
		}
	}
}

// stuckSwarm answers when its time is over, like a store that is gone.
type stuckSwarm struct{ fixedSwarm }

func (s *stuckSwarm) Announce(ctx context.Context, _ tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	<-ctx.Done()
	return tracker.AnnounceResponse{}, fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
}

func TestDeadline(t *testing.T) {
	conn := dial(t, serveWith(t, &stuckSwarm{}, bthttp.Options{Timeout: time.Millisecond}, quiet))
	send(t, conn, get(announce, "HTTP/1.1"))
	if _, body := readReply(t, bufio.NewReader(conn)); !bytes.Contains(body, []byte("tracker cannot reach its store now")) {
		t.Errorf("reply is %q", body)
	}
}

func TestClientWithoutAddress(t *testing.T) {
	var logged bytes.Buffer
	handler := bthttp.New(&fixedSwarm{}, bthttp.Options{Timeout: time.Minute}, slog.New(slog.NewTextHandler(&logged, nil)))
	r := httptest.NewRequest(http.MethodGet, announce, nil)
	r.RemoteAddr = "@"
	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, r)
	checkFailure(t, reply, "internal error", false)
	if !strings.Contains(logged.String(), "level=ERROR") {
		t.Errorf("logged %s", &logged)
	}
}

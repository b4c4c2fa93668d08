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
	"time"

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
		{"the request's fault", fmt.Errorf("%s: %w", secret, tracker.ClientError("not here")), "not here", true, ""},
		{"store away", fmt.Errorf("%s: %w", secret, tracker.ErrUnavailable), "tracker cannot reach its store now", false, "DEBUG"},
		{"location not known", fmt.Errorf("%s: %w", secret, tracker.ErrLocationUnknown), "location of this host is not known yet", false, "DEBUG"},
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
				if lines := strings.Count(logged.String(), "\n"); test.level == "" && lines != 0 || test.level != "" && lines != 1 {
					t.Errorf("logged %d lines: %s", lines, &logged)
				}
				if test.level != "" && (!strings.Contains(logged.String(), "level="+test.level) || !strings.Contains(logged.String(), secret)) {
					t.Errorf("logged %s", &logged)
				}
			})
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

func TestScrapeJSONFailures(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		code   string
	}{
		{tracker.ErrUnavailable, http.StatusServiceUnavailable, "unavailable"},
		{errors.New("a secret"), http.StatusInternalServerError, "internal"},
	} {
		handler := bthttp.New(&fixedSwarm{err: test.err}, bthttp.Options{Timeout: time.Minute}, quiet)
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/scrape/"+hexHash+".json", nil))
		if reply.Code != test.status || !strings.Contains(reply.Body.String(), `"code":"`+test.code+`"`) || strings.Contains(reply.Body.String(), "secret") {
			t.Errorf("%v: reply is %d %s", test.err, reply.Code, reply.Body)
		}
		if kind := reply.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("Content-Type is %q", kind)
		}
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

package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// TestStoreFails asks that a store that fails is told of without its words, and
// logged once at the right level.
func TestStoreFails(t *testing.T) {
	known := hash(0xab).String()
	requests := map[string]string{
		"/torrents": "GET", "/torrents/build-42.torrent": "GET, DELETE", "/transfers": "GET, DELETE",
		"/transfers/" + known + ".json": "GET, DELETE", "/transfers/racks/" + known + ".json": "GET",
		"/scrape/" + known + ".json": "GET",
	}
	for _, test := range []struct {
		err    error
		status int
		level  string
	}{
		{errors.New("secret of the store"), 500, "ERROR"},
		{fmt.Errorf("secret of the store: %w", tracker.ErrUnavailable), 503, "DEBUG"}, // the store logs it itself
		{fmt.Errorf("secret of the store: %w", context.DeadlineExceeded), 503, "WARN"},
	} {
		for path, methods := range requests {
			for method := range strings.SplitSeq(methods, ", ") {
				f := full(t)
				f.err = test.err
				var log strings.Builder
				w := serve(debugged(f, Options{}, &log), request(method, path, nil))
				code := map[int]string{500: "internal", 503: "unavailable"}[test.status]
				if got := errorOf(t, w.Body.Bytes()); w.Code != test.status || got != code {
					t.Errorf("%s %s: status %d, want %d", method, path, w.Code, test.status)
				}
				if strings.Contains(w.Body.String(), "secret") {
					t.Errorf("%s %s: shown: %s", method, path, w.Body)
				}
				if (w.Header().Get("Retry-After") != "") != (test.status == 503) {
					t.Errorf("%s %s: Retry-After %q", method, path, w.Header().Get("Retry-After"))
				}
				line := log.String()
				if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level="+test.level) || !strings.Contains(line, "secret") {
					t.Errorf("%s %s: logged %q", method, path, line)
				}
			}
		}
	}
}

// TestFailuresAreLoggedSeldom: whoever may only read does not fill the log while the store fails.
func TestFailuresAreLoggedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full(t)
		var log strings.Builder
		h := debugged(f, Options{}, &log)
		for range 2 {
			log.Reset()
			for _, err := range []error{errors.New("WRONGTYPE"), context.DeadlineExceeded} {
				f.err = err
				for range 20 {
					serve(h, request(http.MethodGet, "/scrape/"+hash(0xab).String()+".json", nil))
				}
			}
			if strings.Count(log.String(), "level=ERROR") != 1 || strings.Count(log.String(), "level=WARN") != 1 {
				t.Errorf("logged %q", log.String())
			}
			time.Sleep(time.Minute)
		}
		if strings.Count(log.String(), "suppressed=19") != 2 {
			t.Errorf("a minute later: logged %q", log.String())
		}
	})
}

// TestClientInLog: behind a proxy the client's port is not known, and not logged.
func TestClientInLog(t *testing.T) {
	for remoteAddr, want := range map[string]string{
		"192.0.2.7:4000": "192.0.2.7:4000", "192.0.2.7:0": "192.0.2.7", "[2001:db8::7]:0": "2001:db8::7",
	} {
		for _, method := range []string{http.MethodPut, http.MethodDelete} { // one fails, one does not
			var log strings.Builder
			h := debugged(full(t), Options{AdminToken: token}, &log)
			r := request(method, "/torrents/build-42.torrent", nil, bearer(token)...)
			r.RemoteAddr = remoteAddr
			serve(h, r)
			if line := log.String() + " "; !strings.Contains(strings.ReplaceAll(line, "\n", " "), " client="+want+" ") {
				t.Errorf("%s of %s: logged %q", method, remoteAddr, line)
			}
		}
	}
}

// slow is a store that answers at the deadline only.
type slow struct{ *fake }

func (slow) Transfers(ctx context.Context, _ string, _ int) (tracker.TransferPage, error) {
	<-ctx.Done()
	return tracker.TransferPage{}, ctx.Err()
}

func TestDeadline(t *testing.T) {
	f := newFake()
	h := New(slow{f}, newFake(), Options{Timeout: time.Millisecond}, quiet())
	if w := serve(h, request(http.MethodGet, "/transfers", nil)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// TestClientGone keeps a client that went away out of the log.
func TestClientGone(t *testing.T) {
	f := newFake()
	var log strings.Builder
	h := handle(f, Options{}, &log)
	f.err = fmt.Errorf("%w: %w", tracker.ErrUnavailable, context.Canceled)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	serve(h, request(http.MethodGet, "/transfers", nil).WithContext(ctx))
	if log.Len() != 0 {
		t.Errorf("logged %q", log.String())
	}
}

func TestHealth(t *testing.T) {
	for _, test := range []struct {
		path   string
		err    error
		status int
	}{
		{"/healthz", nil, 200},
		{"/healthz", errors.New("no store"), 200},
		{"/readyz", nil, 200},
		{"/readyz", errors.New("no store"), 503},
	} {
		f := newFake()
		f.err = test.err
		var log strings.Builder
		w := serve(handle(f, Options{}, &log), request(http.MethodGet, test.path, nil))
		if w.Code != test.status || log.Len() != 0 {
			t.Errorf("%s: status %d, logged %q", test.path, w.Code, log.String())
		}
		if test.status == http.StatusOK {
			if w.Body.String() != "ok\n" {
				t.Errorf("%s: %q", test.path, w.Body)
			}
			continue
		}
		if errorOf(t, w.Body.Bytes()) != "unavailable" || strings.Contains(w.Body.String(), "no store") {
			t.Errorf("%s: %s", test.path, w.Body)
		}
		checkHeader(t, w, "Retry-After", "5")
	}
}

func TestDeactivate(t *testing.T) {
	f := full(t)
	h := handle(f, Options{}, nil)
	path := "/transfers/" + strings.ToLower(hash(0xab).String()) + ".json/"
	w := serve(h, request(http.MethodDelete, path, nil))
	if got := deactivation(t, w.Body.Bytes()); w.Code != 200 || !slices.Equal(got.Deactivated, []string{hash(0xab).String()}) {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if _, ok := f.active[hash(0xab)]; ok || len(f.active) != 1 {
		t.Errorf("active: %v", f.active)
	}
	if w := serve(h, request(http.MethodDelete, path, nil)); w.Code != http.StatusNotFound {
		t.Errorf("again: status %d", w.Code)
	}
	if w := serve(h, request(http.MethodDelete, "/transfers/x.json", nil)); w.Code != http.StatusBadRequest {
		t.Errorf("no hash: status %d", w.Code)
	}
}

// TestStop: ?stop is handed on, and the reply says what clients do.
func TestStop(t *testing.T) {
	for _, path := range []string{"/transfers/" + hash(0xab).String() + ".json", "/transfers/"} {
		for query, want := range map[string]struct {
			status  int
			stopped bool
			words   string
		}{
			"":            {200, false, "?stop=true tells them to stop"},
			"?stop=false": {200, false, "go on to announce"},
			"?stop=true":  {200, true, "told to stop announcing"},
			"?stop=1":     {400, false, ""},
			"?stop=":      {400, false, ""},
			"?stop":       {400, false, ""},
		} {
			f := full(t)
			w := serve(handle(f, Options{}, nil), request(http.MethodDelete, path+query, nil))
			if w.Code != want.status || slices.Contains(f.stopped, hash(0xab)) != want.stopped {
				t.Errorf("%s%s: status %d, stopped %v", path, query, w.Code, f.stopped)
			}
			if want.status != http.StatusOK {
				if len(f.active) != 2 {
					t.Errorf("%s%s: changed state", path, query)
				}
				continue
			}
			got := deactivation(t, w.Body.Bytes()).Clients
			if !strings.Contains(got, want.words) || !strings.Contains(got, "until the torrent is removed") {
				t.Errorf("%s%s: clients %q", path, query, got)
			}
		}
	}
}

func deactivation(t *testing.T, body []byte) (reply deactivated) {
	t.Helper()
	if err := json.Unmarshal(body, &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

// TestDeactivateAll ends what it can, and tells what it cannot.
func TestDeactivateAll(t *testing.T) {
	f := newFake()
	var log strings.Builder
	h := handle(f, Options{}, &log)
	if w := serve(h, request(http.MethodDelete, "/transfers/", nil)); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "{\n  \"deactivated\": [],\n") {
		t.Errorf("none: status %d, %s", w.Code, w.Body)
	}

	for b := byte(1); b <= 5; b++ {
		f.active[hash(b)] = ""
	}
	f.failing[hash(2)] = tracker.ErrNotFound // ended by somebody else
	f.failing[hash(3)] = fmt.Errorf("timeout: %w", context.DeadlineExceeded)
	f.failing[hash(4)] = errors.New("secret")
	w := serve(h, request(http.MethodDelete, "/transfers", nil))
	got := deactivation(t, w.Body.Bytes())
	if w.Code != http.StatusServiceUnavailable || errorOf(t, w.Body.Bytes()) != "unavailable" || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if want := []string{hash(1).String(), hash(5).String()}; !slices.Equal(got.Deactivated, want) {
		t.Errorf("deactivated %v, want %v", got.Deactivated, want)
	}
	if want := []string{hash(3).String(), hash(4).String()}; !slices.Equal(got.Failed, want) {
		t.Errorf("failed %v, want %v", got.Failed, want)
	}
	if strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("logged %q", log.String())
	}

	clear(f.failing)
	if w := serve(h, request(http.MethodDelete, "/transfers", nil)); w.Code != 200 || len(f.active) != 0 {
		t.Errorf("again: status %d, left %v", w.Code, f.active)
	}
}

// TestReadyIsShared: however many ask, the store is asked once in a while, and what it says for
// operators is shown.
func TestReadyIsShared(t *testing.T) {
	f := newFake()
	f.err = fmt.Errorf("secret of the store: %w", tracker.StoreError("may not use TIME"))
	h := handle(f, Options{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the first one goes away
	for range 50 {
		w := serve(h, request(http.MethodGet, "/readyz", nil).WithContext(ctx))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "may not use TIME") || strings.Contains(w.Body.String(), "secret") {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	if f.checks > 5 { // one a second
		t.Errorf("the store was asked %d times", f.checks)
	}
	f = newFake()
	f.warnings = []string{"keys may be dropped"}
	if w := serve(handle(f, Options{}, nil), request(http.MethodGet, "/readyz", nil)); w.Code != 200 || w.Body.String() != "ok\nwarning: keys may be dropped\n" {
		t.Errorf("status %d: %q", w.Code, w.Body)
	}
}

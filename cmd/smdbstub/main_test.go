package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

const hostsText = `
# the lab
127.0.1.1   web1  r1     # beside the switch
::1         web2  r2
127.0.9.9   old   r3
127.0.9.9   new   r4
127.0.1.2   web3  r1  row=3 datacenter=dc1
`

// ask returns the status and, of a 200, the decoded body.
func ask(t *testing.T, handler http.Handler, method, path string) (int, map[string]map[string]string) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	if w.Code != http.StatusOK {
		return w.Code, nil
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: Content-Type %q", path, got)
	}
	var answer map[string]map[string]string
	if err := json.NewDecoder(w.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return w.Code, answer
}

func TestAnswers(t *testing.T) {
	hosts, err := parseHosts(strings.NewReader(hostsText))
	if err != nil {
		t.Fatal(err)
	}
	type answer = map[string]map[string]string
	for _, tt := range []struct {
		ip   string
		bits int
		want answer // nil means 404
	}{
		{"127.0.1.1", 0, answer{"web1": {"cabinet": "r1"}}},
		{"127.0.1.1", 24, answer{"web1": {"cabinet": "r1"}}},
		{"::ffff:127.0.1.1", 0, answer{"web1": {"cabinet": "r1"}}},
		{"::1", 24, answer{"web2": {"cabinet": "r2"}}},
		{"127.0.9.9", 0, answer{"old": {"cabinet": "r3"}, "new": {"cabinet": "r4"}}},
		{"127.0.1.2", 0, answer{"web3": {"cabinet": "r1", "row": "3", "datacenter": "dc1"}}},
		{"127.0.3.7", 0, nil},
		{"127.0.3.7", 24, answer{"host-127-0-3-7": {"cabinet": "r3"}}},
		{"10.20.30.40", 16, answer{"host-10-20-30-40": {"cabinet": "r20"}}},
		{"10.20.30.40", 8, answer{"host-10-20-30-40": {"cabinet": "r10"}}},
		{"::2", 24, nil},
		{"web1", 24, nil},
		{"127.0.3", 24, nil},
	} {
		handler, err := newHandler(hosts, tt.bits)
		if err != nil {
			t.Fatal(err)
		}
		status, got := ask(t, handler, http.MethodGet, "/servers/ipaddresses/"+tt.ip)
		wantStatus := http.StatusOK
		if tt.want == nil {
			wantStatus = http.StatusNotFound
		}
		if status != wantStatus || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s with --subnet %d: %d %v, want %d %v", tt.ip, tt.bits, status, got, wantStatus, tt.want)
		}
	}
}

func TestOtherRequestsAreRefused(t *testing.T) {
	handler, err := newHandler(nil, 24)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, "/servers/ipaddresses/127.0.1.1", http.StatusMethodNotAllowed},
		{http.MethodGet, "/servers/ipaddresses/", http.StatusNotFound},
		{http.MethodGet, "/servers", http.StatusNotFound},
		{http.MethodGet, "/", http.StatusNotFound},
	} {
		if got, _ := ask(t, handler, tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, got, tt.want)
		}
	}
}

func TestHostsFileFaults(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.1.1 web1":                              "line 1: want IP",
		"\n127.0.1.1 web1 r1 r2":                      `line 2: "r2" is not`,
		"127.0.1.1 web1 r1 cabinet=r2":                `line 1: "cabinet=r2" is not`,
		"127.0.1 web1 r1":                             "line 1: ParseAddr",
		"127.0.1.1 web1 r1\n127.0.1.1 web1 r2":        "line 2: 127.0.1.1 and web1",
		"127.0.1.1 w r1\n" + strings.Repeat("x", 1e5): "too long",
	} {
		if _, err := parseHosts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"--subnet", "20"},
		{"--subnet", "32"},
		{"--subnet", "-8"},
		{"--hosts", filepath.Join(t.TempDir(), "missing")},
		{"--listen", "nowhere"},
		{"--rack", "r1"},
		{"more"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q: started", args)
		}
	}
}

// TestRun starts the program, asks it, and stops it.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte(hostsText), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stderr, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--listen", "127.0.0.1:0", "--hosts", file}, log)
		log.Close()
	}()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(line)
	if err != nil || address == nil {
		t.Fatalf("no address in %q: %v", line, err)
	}

	for path, want := range map[string]string{
		"/healthz":                       "ok\n",
		"/servers/ipaddresses/127.0.1.1": `{"web1":{"cabinet":"r1"}}` + "\n",
	} {
		resp, err := http.Get("http://" + address[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s: %q, %v; want %q", path, body, err, want)
		}
	}

	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stopped with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("does not stop")
	}
	if _, err := http.Get("http://" + address[1] + "/healthz"); err == nil {
		t.Error("answers after it stopped")
	}
}

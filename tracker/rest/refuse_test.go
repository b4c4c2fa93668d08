package rest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// dialPipe serves a handler over one connection in memory, that takes a byte only when it is read.
func dialPipe(t *testing.T, h http.Handler, writeTimeout time.Duration) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	listener := &oneConn{conn: make(chan net.Conn, 1)}
	listener.conn <- theirs
	server := &http.Server{Handler: loopback(h), WriteTimeout: writeTimeout}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { ours.Close(); server.Close() })
	return ours
}

// loopback lets requests come from this machine.
func loopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "127.0.0.1:1"
		h.ServeHTTP(w, r)
	})
}

type oneConn struct {
	conn   chan net.Conn
	closed sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	c, ok := <-l.conn
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *oneConn) Close() error {
	l.closed.Do(func() { close(l.conn) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestRefusedAtOnce: an upload that cannot be taken is answered before any of its body has come,
// and its body is then read into nothing, so that the client comes to read the answer.
func TestRefusedAtOnce(t *testing.T) {
	const limit = 1 << 20
	for name, test := range map[string]struct {
		opts   Options
		path   string
		header string
		status int
	}{
		"too large":       {Options{}, "/torrents/a.torrent", "", 413},
		"too large form":  {Options{}, "/torrents/a.torrent", "Content-Type: multipart/form-data; boundary=x\r\n", 413},
		"100-continue":    {Options{}, "/torrents/a.torrent", "Expect: 100-continue\r\n", 413},
		"no token":        {Options{AdminToken: token}, "/torrents/a.torrent", "", 401},
		"no path":         {Options{}, "/nothing", "", 404},
		"no such method":  {Options{}, "/healthz", "", 405},
		"unknown query":   {Options{}, "/torrents/a.torrent?x=1", "", 400},
		"no torrent name": {Options{}, "/torrents/..torrent", "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.opts.TorrentMaxBytes, test.opts.Timeout = limit, time.Minute
				client := dialPipe(t, handle(full(t), test.opts, nil), time.Minute)
				const length = limit + formOverhead + 1
				fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n", test.path, test.header, length)
				reply, err := http.ReadResponse(bufio.NewReader(client), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(reply.Body)
				if err != nil || reply.StatusCode != test.status || !reply.Close {
					t.Errorf("status %d, %s, %v", reply.StatusCode, body, err)
				}
				if _, err := io.WriteString(client, strings.Repeat("x", length)); err != nil {
					t.Errorf("the body is not read: %v", err)
				}
				begin := time.Now()
				if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil || time.Since(begin) > 5*time.Second {
					t.Errorf("the connection is still open after %v", time.Since(begin))
				}
			})
		})
	}
}

// TestRefusedForGood: a body that never comes holds a connection for the time of a request only.
func TestRefusedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := dialPipe(t, handle(newFake(), Options{Timeout: 30 * time.Second}, nil), time.Minute)
		begin := time.Now()
		fmt.Fprint(client, "POST /torrents/a.torrent HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
		if _, err := io.Copy(io.Discard, client); err != nil || time.Since(begin) > 31*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// TestRefusedAndKept: the connection of a body that was read whole goes on.
func TestRefusedAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := dialPipe(t, handle(newFake(), Options{}, nil), time.Minute)
		reader := bufio.NewReader(client)
		for range 3 {
			fmt.Fprint(client, "POST /torrents/a.torrent HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nde")
			reply, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, reply.Body); err != nil || reply.StatusCode != http.StatusBadRequest || reply.Close {
				t.Errorf("status %d, %v", reply.StatusCode, err)
			}
		}
	})
}

// takenBy is a store in which all is taken.
type takenBy struct {
	*fake
	taken tracker.TakenError
}

func (t takenBy) AddTorrent(_ context.Context, _ tracker.Torrent) (bool, error) {
	return false, fmt.Errorf("store: %w", t.taken)
}

// TestTaken: a conflict names the name, or the info hash, that stands in the way.
func TestTaken(t *testing.T) {
	for _, test := range []struct {
		taken tracker.TakenError
		code  string
		words string
	}{
		{tracker.TakenError{Reason: tracker.ErrHashTaken, By: `build "41" <ü>`}, "hash_taken", `another name: build "41" <ü>.torrent`},
		{tracker.TakenError{Reason: tracker.ErrNameTaken, By: hash(0xab).String()}, "name_taken", "has this name: " + hash(0xab).String()},
		{tracker.TakenError{Reason: tracker.ErrHashTaken}, "hash_taken", "another name"},
	} {
		f := newFake()
		h := New(takenBy{f, test.taken}, f, Options{TorrentMaxBytes: 1 << 20, Timeout: time.Minute}, quiet())
		w := serve(h, request(http.MethodPost, "/torrents/a.torrent", strings.NewReader(string(aTorrent(t, "", 1).File))))
		if w.Code != http.StatusConflict || errorOf(t, w.Body.Bytes()) != test.code || !strings.HasSuffix(messageOf(t, w.Body.Bytes()), test.words) {
			t.Errorf("status %d, %s", w.Code, w.Body)
		}
	}
}

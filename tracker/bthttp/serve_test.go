package bthttp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

const (
	announce = "/announce?info_hash=%88%17%8F%83%7C%24cq%FD%FAcU%F1%EB%98%7Fq%9D%A6%3D&peer_id=-TR3000-9ny7fny9kmnx&port=6881"
	scrape   = "/scrape?info_hash=%88%17%8F%83%7C%24cq%FD%FAcU%F1%EB%98%7Fq%9D%A6%3D"
	hexHash  = "88178f837c246371fdfa6355f1eb987f719da63d"
)

func get(target, proto string) []byte {
	return fmt.Appendf(nil, "GET %s %s\r\nHost: tracker\r\n\r\n", target, proto)
}

func TestKeepAlive(t *testing.T) {
	swarm := &fixedSwarm{}
	conn := dial(t, serve(t, swarm))
	reader := bufio.NewReader(conn)
	for range 3 {
		send(t, conn, get(announce, "HTTP/1.1"))
		if raw, body := readReply(t, reader); !bytes.HasPrefix(body, []byte("d8:complete")) {
			t.Fatalf("reply is %q", raw)
		}
	}
	if swarm.count() != 3 {
		t.Errorf("%d announces came, not 3", swarm.count())
	}
}

func TestPipelining(t *testing.T) {
	conn := dial(t, serve(t, &fixedSwarm{}))
	send(t, conn, append(get(announce, "HTTP/1.1"), get(scrape, "HTTP/1.1")...))
	reader := bufio.NewReader(conn)
	if _, body := readReply(t, reader); !bytes.HasPrefix(body, []byte("d8:complete")) {
		t.Errorf("first reply is %q", body)
	}
	if _, body := readReply(t, reader); !bytes.HasPrefix(body, []byte("d5:files")) {
		t.Errorf("second reply is %q", body)
	}
}

func TestHTTP10(t *testing.T) {
	conn := dial(t, serve(t, &fixedSwarm{}))
	send(t, conn, []byte("GET "+announce+" HTTP/1.0\r\n\r\n"))
	raw, err := io.ReadAll(conn) // the server closes
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.0 200 OK\r\n") || !strings.HasPrefix(body, "d8:complete") {
		t.Errorf("reply is %q", raw)
	}
	if !strings.Contains(head, fmt.Sprintf("Content-Length: %d", len(body))) || strings.Contains(head, "Transfer-Encoding") {
		t.Errorf("head is %q for a body of %d bytes", head, len(body))
	}
}

// TestPathsAndMethods also holds that nothing is redirected.
func TestPathsAndMethods(t *testing.T) {
	query := announce[strings.IndexByte(announce, '?'):]
	tests := []struct {
		method, target string
		status         int
		body           string // how it begins
	}{
		{"GET", "/announce" + query, 200, "d8:complete"},
		{"GET", "/announce/" + query, 200, "d8:complete"},
		{"GET", "http://tracker/announce" + query, 200, "d8:complete"},
		{"GET", "/announce" + query + "&compact=0", 200, "d8:complete"},
		{"GET", "/announce", 200, "d14:failure reason26:info_hash must be 20 bytes8:intervali1800e8:retry in5:nevere"},
		{"GET", "/scrape" + query, 200, "d5:files"},
		{"GET", "/scrape/" + query, 200, "d5:files"},
		{"GET", "/scrape", 200, "d14:failure reason29:scrape must name an info_hash8:intervali1800e8:retry in5:nevere"},
		{"GET", "/scrape?info_hash=x", 200, "d14:failure reason26:info_hash"},
		{"GET", "/scrape?info_hash=" + strings.Repeat("%00", 20), 200, "d5:filesdee"},
		{"GET", "/scrape/" + hexHash + ".json", 404, ""}, // is package rest's
		{"GET", "/scrape/" + hexHash, 404, ""},
		{"GET", "//announce" + query, 404, ""},
		{"GET", "/announce//" + query, 404, ""},
		{"GET", "/announcer" + query, 404, ""},
		{"GET", "/", 404, ""},
		{"POST", "/announce" + query, 405, ""},
		{"HEAD", "/announce" + query, 405, ""},
		{"PUT", "/scrape/", 405, ""},
		{"DELETE", "/scrape", 405, ""},
		{"POST", "/elsewhere", 404, ""},
	}
	addr := serve(t, &fixedSwarm{})
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			conn := dial(t, addr)
			send(t, conn, fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: tracker\r\nContent-Length: 0\r\n\r\n", test.method, test.target))
			resp, err := http.ReadResponse(bufio.NewReader(conn), httptest.NewRequest(test.method, "/", nil))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status || !strings.HasPrefix(string(body), test.body) {
				t.Errorf("reply is %d %q", resp.StatusCode, body)
			}
			if allow := resp.Header.Get("Allow"); (allow == "GET") != (test.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			if kind := resp.Header.Get("Content-Type"); strings.HasPrefix(test.body, "d") && kind != "text/plain" {
				t.Errorf("Content-Type is %q", kind)
			}
		})
	}
}

func TestHugeQuery(t *testing.T) {
	swarm := &fixedSwarm{}
	addr := serve(t, swarm)
	t.Run("more than the server takes", func(t *testing.T) {
		conn := dial(t, addr)
		send(t, conn, get(announce+"&x="+strings.Repeat("x", 15<<10), "HTTP/1.1"))
		readReply(t, bufio.NewReader(conn)) // MaxHeaderBytes has slack: this one passes
		if swarm.count() != 1 {
			t.Error("a long query within the limit was not answered")
		}

		conn = dial(t, addr)
		send(t, conn, get(announce+"&x="+strings.Repeat("x", 30<<10), "HTTP/1.1"))
		head, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(head, " 431 ") {
			t.Errorf("reply is %q, %v", head, err)
		}
		if swarm.count() != 1 {
			t.Error("an oversized request reached the tracker")
		}
	})
	t.Run("more hashes than a scrape takes", func(t *testing.T) {
		conn := dial(t, addr)
		send(t, conn, get("/scrape?"+strings.Repeat("info_hash=aaaaaaaaaaaaaaaaaaaa&", 200), "HTTP/1.1"))
		if _, body := readReply(t, bufio.NewReader(conn)); !bytes.HasPrefix(body, []byte("d14:failure reason40:info_hash may be")) {
			t.Errorf("reply is %q", body)
		}
	})
}

func TestScrapeAll(t *testing.T) {
	swarm := &fixedSwarm{}
	conn := dial(t, serveWith(t, swarm, bthttp.Options{Timeout: time.Minute, ScrapeAll: true}, quiet))
	send(t, conn, get("/scrape", "HTTP/1.1"))
	if _, body := readReply(t, bufio.NewReader(conn)); string(body) != "d5:filesdee" {
		t.Errorf("reply is %q", body)
	}
	if asked := swarm.seen(t); asked != "" {
		t.Errorf("asked for %q, not for everything", asked)
	}
}

// TestTrustIPParam: ip is believed from the networks named, and from nobody else.
func TestTrustIPParam(t *testing.T) {
	for _, test := range []struct{ remote, want string }{
		{"127.0.0.1:5000", "10.1.2.3:6881"},
		{"[::ffff:127.0.0.1]:5000", "10.1.2.3:6881"},
		{"192.0.2.1:5000", "192.0.2.1:6881"},
		{"192.0.2.1:0", "192.0.2.1:6881"}, // as package clientaddr leaves it
	} {
		swarm := &fixedSwarm{}
		handler := bthttp.New(swarm, bthttp.Options{TrustIPParam: loopback, Timeout: time.Minute}, quiet)
		r := httptest.NewRequest(http.MethodGet, announce+"&ip=10.1.2.3", nil)
		r.RemoteAddr = test.remote
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if seen := swarm.seen(t); !strings.Contains(seen, "addr        "+test.want+"\n") {
			t.Errorf("%s is read as\n%s", test.remote, seen)
		}
	}
}

// TestRepliesDoNotMix: replies are written into buffers that are used again.
func TestRepliesDoNotMix(t *testing.T) {
	handler := bthttp.New(&fixedSwarm{}, bthttp.Options{Timeout: time.Minute}, quiet)
	var group sync.WaitGroup
	for client := range 16 {
		group.Go(func() {
			want := fmt.Sprintf("11:external ip4:\xc0\x00\x02%c", client)
			for range 100 {
				r := httptest.NewRequest(http.MethodGet, announce, nil)
				r.RemoteAddr = fmt.Sprintf("192.0.2.%d:5000", client)
				reply := httptest.NewRecorder()
				handler.ServeHTTP(reply, r)
				if !strings.Contains(reply.Body.String(), want) {
					t.Errorf("reply to client %d is %q", client, reply.Body)
				}
			}
		})
	}
	group.Wait()
}

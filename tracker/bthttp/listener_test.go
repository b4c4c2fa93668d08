package bthttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

var plain = bthttp.Options{TrustIPParam: loopback, Timeout: time.Minute}

// ask sends a request over a connection, and returns the whole reply.
func ask(t *testing.T, conn net.Conn, reader *bufio.Reader, request []byte) string {
	t.Helper()
	send(t, conn, request)
	raw, _ := readReply(t, reader)
	return string(raw)
}

// awaitEnd waits until the other side closes, and returns what came before.
func awaitEnd(t *testing.T, conn net.Conn) string {
	t.Helper()
	rest, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("not closed: %v", err)
	}
	return string(rest)
}

// A proxy mixes announces with others over its connections. Each is answered in its turn, and
// net/http gets the others, and the announce behind one, which takes the connection back.
func TestOthersAmongAnnounces(t *testing.T) {
	swarm := &fixedSwarm{}
	server := start(t, swarm, plain, quiet)
	conn := dial(t, server.addr)
	reader := bufio.NewReader(conn)
	plainOne, other := get(announce, "HTTP/1.1"), get("/elsewhere", "HTTP/1.1")
	for _, step := range []struct {
		requests [][]byte // sent at once
		handed   int64    // of these
	}{
		{[][]byte{plainOne}, 0},
		{[][]byte{other}, 1},
		{[][]byte{other}, 1},
		{[][]byte{plainOne}, 1},
		{[][]byte{plainOne, plainOne}, 0},
		{[][]byte{plainOne, other, plainOne, plainOne, other, plainOne}, 4},
		{[][]byte{plainOne}, 0},
	} {
		before := server.handed.Load()
		send(t, conn, bytes.Join(step.requests, nil))
		for i, request := range step.requests {
			want := "HTTP/1.1 200 OK\r\n"
			if bytes.Equal(request, other) {
				want = "HTTP/1.1 404 Not Found\r\n"
			}
			if raw, _ := readReply(t, reader); !strings.HasPrefix(string(raw), want) {
				t.Errorf("reply %d to %q is %q", i, step.requests, raw)
			}
		}
		if n := server.handed.Load() - before; n != step.handed {
			t.Errorf("%d of %q came to net/http, not %d", n, step.requests, step.handed)
		}
	}
	if n := swarm.count(); n != 9 {
		t.Errorf("%d announces came, not 9", n)
	}
}

// What comes in pieces is put together, wherever it is cut.
func TestPieces(t *testing.T) {
	swarm := &fixedSwarm{}
	addr := serve(t, swarm)
	request := get(announce, "HTTP/1.1")
	for cut := 1; cut < len(request); cut += 7 {
		conn := dial(t, addr)
		send(t, conn, request[:cut])
		reader := bufio.NewReader(conn)
		raw := ask(t, conn, reader, request[cut:])
		if again := ask(t, conn, reader, request); again != raw {
			t.Errorf("cut at %d: replies are %q and %q", cut, raw, again)
		}
	}
}

// blockedSwarm answers when it is let go.
type blockedSwarm struct {
	fixedSwarm
	begun    chan struct{}
	keepOpen chan struct{}
}

func newBlockedSwarm() *blockedSwarm {
	return &blockedSwarm{begun: make(chan struct{}, 100), keepOpen: make(chan struct{})}
}

func (s *blockedSwarm) Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.begun <- struct{}{}
	select {
	case <-s.keepOpen:
		return s.fixedSwarm.Announce(ctx, req)
	case <-ctx.Done():
		return tracker.AnnounceResponse{}, fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
	}
}

func TestShutdownFinishesWhatIsUnderWay(t *testing.T) {
	swarm := newBlockedSwarm()
	server := start(t, swarm, plain, quiet)
	idle := dial(t, server.addr)
	idleReader := bufio.NewReader(idle)
	ask(t, idle, idleReader, get(scrape, "HTTP/1.1"))
	busy, fresh := dial(t, server.addr), dial(t, server.addr)
	send(t, busy, get(announce, "HTTP/1.1"))
	<-swarm.begun
	awaitConnections(t, server, 3)

	ended := make(chan error, 1)
	go func() { ended <- server.listener.Shutdown(t.Context()) }()
	if rest := awaitEnd(t, idle); rest != "" {
		t.Errorf("the idle one got %q", rest)
	}
	select {
	case err := <-ended:
		t.Fatalf("ended with a request under way: %v", err)
	default:
	}
	swarm.keepOpen <- struct{}{}
	for _, conn := range []net.Conn{busy, fresh} {
		if conn == fresh { // its first request is still answered
			send(t, conn, get(scrape, "HTTP/1.1"))
		}
		if reply := awaitEnd(t, conn); !strings.HasPrefix(reply, "HTTP/1.1 200 OK\r\n") || !strings.Contains(reply, "\r\nConnection: close\r\n") {
			t.Errorf("reply is %q", reply)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", server.addr); err == nil {
		t.Error("still takes connections")
	}
}

// awaitConnections waits until as many connections are open.
func awaitConnections(t *testing.T, r *running, n float64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); r.connections() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v connections, not %v", r.connections(), n)
		}
	}
}

func TestShutdownIsBounded(t *testing.T) {
	swarm := newBlockedSwarm()
	server := start(t, swarm, plain, quiet)
	conn := dial(t, server.addr)
	send(t, conn, get(announce, "HTTP/1.1"))
	<-swarm.begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := server.listener.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	awaitEnd(t, conn)
}

// Who sends nothing is let go, and so is who sends nothing more.
func TestSilence(t *testing.T) {
	for name, bounds := range map[string]bthttp.Bounds{
		"first": {Connections: 10, First: 10 * time.Millisecond, Idle: time.Hour},
		"idle":  {Connections: 10, First: time.Hour, Idle: 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBounded(t, &fixedSwarm{}, plain, bounds, quiet)
			conn := dial(t, server.addr)
			if name == "idle" {
				ask(t, conn, bufio.NewReader(conn), get(announce, "HTTP/1.1"))
			}
			awaitEnd(t, conn)
			awaitConnections(t, server, 0)
		})
	}
}

// Beyond the bound a connection waits for another to end. Shortly before, nobody keeps his.
func TestConnectionsAreBounded(t *testing.T) {
	bounds := bounds
	bounds.Connections = 4
	server := startBounded(t, &fixedSwarm{}, plain, bounds, quiet)
	var conns []net.Conn
	for i := range 4 {
		conn := dial(t, server.addr)
		conns = append(conns, conn)
		awaitConnections(t, server, float64(i+1))
	}
	waiting := dial(t, server.addr) // by the system alone
	send(t, waiting, get(scrape, "HTTP/1.1"))
	send(t, conns[0], get(announce, "HTTP/1.1"))
	if reply := awaitEnd(t, conns[0]); !strings.Contains(reply, "\r\nConnection: close\r\n") {
		t.Errorf("reply is %q", reply)
	}
	if reply := awaitEnd(t, waiting); !strings.Contains(reply, "d5:files") {
		t.Errorf("reply is %q", reply)
	}
	conns[1].Close()
	awaitConnections(t, server, 2)
	if reply := ask(t, conns[2], bufio.NewReader(conns[2]), get(announce, "HTTP/1.1")); strings.Contains(reply, "close") {
		t.Errorf("reply is %q", reply)
	}
}

// Whoever is handed to net/http counts until he is gone.
func TestHandedOnesAreCounted(t *testing.T) {
	server := start(t, &fixedSwarm{}, plain, quiet)
	for range 3 {
		conn := dial(t, server.addr)
		ask(t, conn, bufio.NewReader(conn), get("/elsewhere", "HTTP/1.1"))
		awaitConnections(t, server, 1)
		conn.Close()
		awaitConnections(t, server, 0)
	}
}

// wornListener fails to accept, as when there are no files left.
type wornListener struct {
	net.Listener
	failures atomic.Int64
}

func (l *wornListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAcceptGoesOnAfterErrors(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	worn := &wornListener{Listener: inner}
	worn.failures.Store(3)
	var logged lockedBuffer
	server := bthttp.New(&fixedSwarm{}, plain, logged.logger())
	listener := server.Listen(worn, bounds)
	conn := dial(t, inner.Addr().String())
	ask(t, conn, bufio.NewReader(conn), get(announce, "HTTP/1.1"))
	if n := strings.Count(logged.String(), "too many open files"); n != 3 {
		t.Errorf("logged %s", logged.String())
	}
	conn.Close()
	if err := listener.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// pipeListener has connections that are not TCP.
type pipeListener struct {
	net.Listener
	conns chan net.Conn
}

func (l *pipeListener) Accept() (net.Conn, error) { return <-l.conns, nil }

func TestNoTCP(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	pipes := &pipeListener{inner, make(chan net.Conn, 1)}
	listener := bthttp.New(&fixedSwarm{}, plain, quiet).Listen(pipes, bounds)
	ours, theirs := net.Pipe()
	pipes.conns <- theirs
	got, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go ours.Write([]byte("x"))
	if _, err := io.ReadFull(got, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	got.Close()
	listener.Close()
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// What is beyond MaxPending is answered at once, without the tracker, and counted.
func TestShedding(t *testing.T) {
	const most = 3
	swarm := newBlockedSwarm()
	opts := plain
	opts.MaxPending, opts.Metrics = most, prometheus.NewRegistry()
	server := start(t, swarm, opts, quiet)
	var waiting []net.Conn
	for range most {
		conn := dial(t, server.addr)
		send(t, conn, get(announce, "HTTP/1.1"))
		<-swarm.begun
		waiting = append(waiting, conn)
	}
	for _, target := range []string{announce, scrape, announce + "&odd"} {
		request := get(target, "HTTP/1.1")
		if strings.HasSuffix(target, "odd") { // by net/http
			request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", target)
		}
		conn := dial(t, server.addr)
		send(t, conn, request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if !strings.HasPrefix(string(body), "d14:failure reason15:tracker is busy8:intervali1") && !strings.HasPrefix(string(body), "d14:failure reason15:tracker is busy8:intervali20e") {
			t.Errorf("reply is %q", body)
		}
	}
	close(swarm.keepOpen)
	for _, conn := range waiting {
		if _, body := readReply(t, bufio.NewReader(conn)); !bytes.HasPrefix(body, []byte("d8:complete")) {
			t.Errorf("reply is %q", body)
		}
	}
	conn := dial(t, server.addr)
	if reply := ask(t, conn, bufio.NewReader(conn), get(scrape, "HTTP/1.1")); !strings.Contains(reply, "d5:files") {
		t.Errorf("after it, the reply is %q", reply)
	}
	const want = `
# HELP p2ptracker_http_requests_total Announces and scrapes that came over HTTP, by what became of them.
# TYPE p2ptracker_http_requests_total counter
p2ptracker_http_requests_total{outcome="announced"} 3
p2ptracker_http_requests_total{outcome="deferred"} 0
p2ptracker_http_requests_total{outcome="ended"} 0
p2ptracker_http_requests_total{outcome="failed"} 0
p2ptracker_http_requests_total{outcome="refused"} 0
p2ptracker_http_requests_total{outcome="scraped"} 1
p2ptracker_http_requests_total{outcome="shed"} 3
`
	if err := testutil.GatherAndCompare(opts.Metrics.(*prometheus.Registry), strings.NewReader(want), "p2ptracker_http_requests_total"); err != nil {
		t.Error(err)
	}
}

// A client that ends announces it and is gone: it is recorded all the same.
func TestHungUp(t *testing.T) {
	swarm := newBlockedSwarm()
	server := start(t, swarm, plain, quiet)
	conn := dial(t, server.addr)
	send(t, conn, get(announce+"&event=stopped", "HTTP/1.1"))
	<-swarm.begun
	conn.Close()
	swarm.keepOpen <- struct{}{}
	awaitConnections(t, server, 0)
	if seen := swarm.seen(t); !strings.Contains(seen, "event       stopped\n") {
		t.Errorf("read as\n%s", seen)
	}
}

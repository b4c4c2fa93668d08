package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

var quiet = slog.New(slog.DiscardHandler)

// startServer serves announces that swarm answers, and all else by handler, on a free port until
// cancel is called; done gets what run returns.
func startServer(
	t *testing.T, swarm bthttp.Announcer, handler http.HandlerFunc, grace time.Duration,
) (addr string, cancel func(), done <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clients := bthttp.New(swarm, bthttp.Options{Timeout: patience}, quiet)
	server := newHTTPServer(handler, clients, listener, quiet)
	ended := make(chan error, 1)
	go func() { ended <- server.run(ctx, grace) }()
	t.Cleanup(cancel)
	return listener.Addr().String(), cancel, ended
}

func TestStopFinishesWhatIsInFlight(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	addr, stop, done := startServer(t, fixedSwarm{}, func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		io.WriteString(w, "finished")
	}, patience)

	body := make(chan string, 1)
	go func() {
		text, err := getURL("http://" + addr)
		if err != nil {
			text = []byte(err.Error())
		}
		body <- string(text)
	}()
	<-begun
	stop()
	awaitRefusal(t, addr)
	select {
	case err := <-done:
		t.Fatalf("the server ended with a request in flight: %v", err)
	default:
	}
	close(finish)
	if got := <-body; got != "finished" {
		t.Errorf("the request in flight was answered %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStopIsBounded(t *testing.T) {
	begun := make(chan struct{})
	addr, stop, done := startServer(t, fixedSwarm{}, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}, 10*time.Millisecond)
	go getURL("http://" + addr)
	<-begun
	stop()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "SHUTDOWN_TIMEOUT") {
		t.Errorf("the error %v does not tell that a request was cut off", err)
	}
}

// awaitRefusal waits until nobody listens any more.
func awaitRefusal(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("still takes connections")
}

func TestSlowHeaderIsCutOff(t *testing.T) {
	t.Parallel()
	addr, _, _ := startServer(t, fixedSwarm{}, func(http.ResponseWriter, *http.Request) { t.Error("reached the handler") }, 0)
	conn := dial(t, addr)
	io.WriteString(conn, "GET /announce HTTP/1.1\r\nHost: x\r\nX-")
	// Whatever it says at the end, it ends before the test's own deadline.
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

func TestOversizedHeader(t *testing.T) {
	addr, _, _ := startServer(t, fixedSwarm{}, func(http.ResponseWriter, *http.Request) { t.Error("reached the handler") }, 0)
	for _, request := range []string{
		"GET /announce?" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /announce HTTP/1.1\r\nHost: x\r\nX-Y: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
	} {
		conn := dial(t, addr)
		go io.WriteString(conn, request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d, want 431", resp.StatusCode)
		}
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

const announceHead = "GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1 HTTP/1.1\r\nHost: x\r\n"

// slowSwarm answers when it is let go.
type slowSwarm struct {
	fixedSwarm
	begun, goOn chan struct{}
}

func (s *slowSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.begun <- struct{}{}
	<-s.goOn
	return tracker.AnnounceResponse{}, nil
}

// Announces and others that are under way are finished, and both servers end.
func TestStopFinishesAnnounces(t *testing.T) {
	swarm := &slowSwarm{begun: make(chan struct{}), goOn: make(chan struct{})}
	begun, goOn := make(chan struct{}), make(chan struct{})
	addr, stop, done := startServer(t, swarm, func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		io.WriteString(w, "finished")
	}, patience)
	announces, other, idle := dial(t, addr), dial(t, addr), dial(t, addr)
	io.WriteString(announces, announceHead+"\r\n")
	<-swarm.begun
	io.WriteString(other, "GET /torrents HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	stop()
	awaitRefusal(t, addr)
	select {
	case err := <-done:
		t.Fatalf("the server ended with requests in flight: %v", err)
	default:
	}
	swarm.goOn <- struct{}{}
	close(goOn)
	for conn, want := range map[net.Conn]string{announces: "d8:complete", other: "finished"} {
		reply, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(reply), want) || !strings.Contains(string(reply), "\r\nConnection: close\r\n") {
			t.Errorf("reply is %q, %v", reply, err)
		}
	}
	idle.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Limits are those of net/http also for what begins as an announce.
func TestLimitsOfAnnounces(t *testing.T) {
	t.Parallel()
	addr, _, _ := startServer(t, fixedSwarm{}, func(http.ResponseWriter, *http.Request) { t.Error("reached the handler") }, patience)
	long := dial(t, addr)
	go io.WriteString(long, announceHead+"X-Y: "+strings.Repeat("a", 64<<10)+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(long), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", resp.StatusCode)
	}
	for name, begins := range map[string]string{"nothing": "", "a part": announceHead + "X-"} {
		conn := dial(t, addr)
		io.WriteString(conn, begins)
		// Whatever it says at the end, it ends before the test's own deadline.
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("who sends %s is not closed: %v", name, err)
		}
	}
}

package btudp

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/sys/unix"
)

// safeLog is a log that is read while it is written.
type safeLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *safeLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *safeLog) lines(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), message)
}

// An error of reading is logged, not for each, and the socket is read again. The sockets
// are asked to tell what became of their packets (IP_RECVERR), and some went to a port that
// nobody has.
func TestReadErrors(t *testing.T) {
	l, err := Listen(context.Background(), "127.0.0.1", "0")
	if err != nil {
		t.Fatal(err)
	}
	log := &safeLog{}
	s := New(&fixedSwarm{}, someSecret, Options{Timeout: patience}, slog.New(slog.NewTextHandler(log, nil)))
	gone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, socket := range l.sockets {
		raw, err := socket.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1) })
		if err != nil {
			t.Fatal(err)
		}
	}
	running := startOn(t, s, l, patience)
	const message = "cannot read from UDP socket"
	// The next read tells that this is refused, unless another write was told before.
	for end := time.Now().Add(patience); log.lines(message) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no error was logged")
		}
		for _, socket := range l.sockets {
			socket.WriteTo([]byte("x"), gone.LocalAddr())
		}
	}
	for range 4 * len(l.sockets) { // each has some of these clients
		dial(t, running.addr).connect()
	}
	if err := running.stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// Who closes a socket ends the server.
func TestClosedSocket(t *testing.T) {
	l, err := Listen(context.Background(), "127.0.0.1", "0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- newTestServer(&fixedSwarm{}).Serve(context.Background(), l, patience) }()
	l.sockets[0].Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("ended without an error")
		}
	case <-time.After(patience):
		t.Error("goes on")
	}
}

// What waited in the socket for longer than an announce may take is not answered.
func TestLatePackets(t *testing.T) {
	l, err := Listen(context.Background(), "", "0")
	if err != nil {
		t.Fatal(err)
	}
	const limit = 500 * time.Millisecond
	swarm := &fixedSwarm{}
	s := New(swarm, someSecret, Options{Timeout: limit}, quiet)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	four, six := dial(t, net.JoinHostPort("127.0.0.1", port)), dial(t, net.JoinHostPort("::1", port))
	for _, c := range []conn{four, six} {
		c.send(with(goodID(), unhex(announce)))
		c.send(connectPacket)
	}
	time.Sleep(limit + 50*time.Millisecond)
	startOn(t, s, l, patience)
	for _, c := range []conn{four, six} {
		c.connect() // the reply to what came in time, and to no other
	}
	if n := swarm.count(); n != 0 {
		t.Errorf("%d late announces were asked about", n)
	}
	if n := testutil.ToFloat64(s.metrics.packets[late]); n != 4 {
		t.Errorf("%v packets were late", n)
	}
}

package bthttp

import (
	"net"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Whoever closed has given up, unless it stops or has asked a moment ago; so has whoever asked
// long ago, however it waits.
func TestHasGone(t *testing.T) {
	t.Parallel()
	const long, short = time.Hour, time.Millisecond
	open := func(*net.TCPConn) {}
	half := func(c *net.TCPConn) { c.CloseWrite() }
	closed := func(c *net.TCPConn) { c.Close() }
	reset := func(c *net.TCPConn) { c.SetLinger(0); c.Close() }
	for _, test := range []struct {
		name  string
		end   func(*net.TCPConn)
		age   time.Duration
		limit time.Duration
		event tracker.Event
		want  bool
	}{
		{"waits", open, halfClosed * 2, long, tracker.EventNone, false},
		{"waits for too long", open, 20 * time.Millisecond, short, tracker.EventNone, true},
		{"half closed", half, 0, long, tracker.EventNone, false},
		{"half closed for long", half, halfClosed * 2, long, tracker.EventNone, true},
		{"closed", closed, halfClosed * 2, long, tracker.EventStarted, true},
		{"reset", reset, 20 * time.Millisecond, long, tracker.EventCompleted, true},
		{"stops, and closed", closed, halfClosed * 2, long, tracker.EventStopped, false},
		{"stops, and reset", reset, 20 * time.Millisecond, long, tracker.EventStopped, false},
		{"stopped long ago", closed, 20 * time.Millisecond, short, tracker.EventStopped, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, server := connected(t)
			if _, err := client.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			test.end(client)
			raw, err := server.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(test.age)
			if got := hasGone(raw, test.limit, test.event); got != test.want {
				t.Errorf("gone: %v", got)
			}
			server.Read(make([]byte, 1))
			if got := hasGone(raw, test.limit, test.event); got != test.want {
				t.Errorf("gone, when its request was read: %v", got)
			}
			server.Close()
			if !hasGone(raw, test.limit, test.event) {
				t.Error("not gone when we closed")
			}
		})
	}
}

func connected(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// BenchmarkGone is what each announce pays.
func BenchmarkGone(b *testing.B) {
	client, _ := connected(b)
	raw, err := client.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		hasGone(raw, time.Hour, tracker.EventNone)
	}
}

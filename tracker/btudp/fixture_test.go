package btudp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

var (
	quiet   = slog.New(slog.DiscardHandler)
	client4 = netip.MustParseAddr("192.0.2.7")
	client6 = netip.MustParseAddr("2001:db8::7")
)

// patience is how long a test waits for what must come; much more than it takes.
const patience = 30 * time.Second

// fixedSecrets are the same for every hour; none without a first byte.
type fixedSecrets Secret

func (s fixedSecrets) Secret(int64) (Secret, bool) { return Secret(s), s[0] != 0 }

var someSecret = fixedSecrets{1, 2, 3}

// fixedSwarm answers alike to everybody, and remembers what it was asked.
type fixedSwarm struct {
	mu    sync.Mutex
	asked []string // as in the .parsed files
	err   error    // the answer instead, if any
}

var fixedPeers = []tracker.Peer{
	{Addr4: netip.MustParseAddrPort("10.0.1.1:6881")},
	{Addr4: netip.MustParseAddrPort("10.0.1.2:51413"), Addr6: netip.MustParseAddrPort("[fd00::2]:51413")},
	{Addr6: netip.MustParseAddrPort("[fd00::3]:1")},
}

func (s *fixedSwarm) Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.remember(ctx, describe(req))
	resp := tracker.AnnounceResponse{Interval: 46 * time.Second, Complete: 1, Incomplete: 2, Downloaded: 1}
	if req.Event != tracker.EventStopped {
		resp.Peers = fixedPeers
	}
	return resp, s.err
}

func (s *fixedSwarm) Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	var asked strings.Builder
	var entries []tracker.ScrapeEntry
	for _, hash := range hashes {
		asked.WriteString("info_hash   " + hash.String() + "\n")
		if hash != (tracker.InfoHash{}) { // which nobody knows
			entries = append(entries, tracker.ScrapeEntry{InfoHash: hash, Complete: 1, Incomplete: 2, Downloaded: 3})
		}
	}
	s.remember(ctx, asked.String())
	return entries, s.err
}

func (s *fixedSwarm) remember(ctx context.Context, what string) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("asked without a deadline")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

func (s *fixedSwarm) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// describe writes a request as the .parsed files do.
func describe(req tracker.AnnounceRequest) string {
	event := req.Event.String()
	if event == "" {
		event = "none"
	}
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-12s%v\n", name, value) }
	line("info_hash", req.InfoHash)
	line("peer_id", quote(string(req.PeerID[:])))
	line("key", quote(req.Key))
	line("addr", req.Addr)
	line("uploaded", req.Uploaded)
	line("downloaded", req.Downloaded)
	line("left", req.Left)
	line("event", event)
	line("numwant", req.NumWant)
	return b.String()
}

// quote shows every byte that is not printable ASCII by its number.
func quote(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			fmt.Fprintf(&b, "\\%c", c)
		case ' ' <= c && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "\\x%02x", c)
		}
	}
	return `"` + b.String() + `"`
}

// running is a server with its sockets.
type running struct {
	*Server
	addr string
	stop func() error // ends it, and returns what Serve does
}

// start serves on loopback until the test ends.
func start(tb testing.TB, s *Server, host string, grace time.Duration) running {
	tb.Helper()
	l, err := Listen(context.Background(), host, "0")
	if err != nil {
		tb.Fatal(err)
	}
	return startOn(tb, s, l, grace)
}

func startOn(tb testing.TB, s *Server, l *Listener, grace time.Duration) running {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, grace) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	tb.Cleanup(func() { _ = stop() })
	return running{s, l.Addr().String(), stop}
}

func newTestServer(t Announcer) *Server {
	return New(t, someSecret, Options{Timeout: patience}, quiet)
}

// conn is a client's socket.
type conn struct {
	testing.TB
	net.Conn
}

func dial(tb testing.TB, addr string) conn {
	tb.Helper()
	c, err := net.Dial("udp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return conn{tb, c}
}

func (c conn) send(packet []byte) {
	c.Helper()
	if _, err := c.Write(packet); err != nil {
		c.Fatal(err)
	}
}

func (c conn) receive() []byte {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	buffer := make([]byte, 64<<10)
	n, err := c.Read(buffer)
	if err != nil {
		c.Fatal(err)
	}
	return buffer[:n]
}

func (c conn) ask(packet []byte) []byte {
	c.Helper()
	c.send(packet)
	return c.receive()
}

// connect gets a connection id.
func (c conn) connect() uint64 {
	c.Helper()
	reply := c.ask(connectPacket)
	if len(reply) != 16 || string(reply[:8]) != "\x00\x00\x00\x00conn" {
		c.Fatalf("the reply to a connect is %x", reply)
	}
	return be64(reply[8:])
}

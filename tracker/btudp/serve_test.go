package btudp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The reply has peers of the family that the packet came by, over sockets of one family
// and of both.
func TestFamilies(t *testing.T) {
	for host, targets := range map[string][]string{
		"": {"127.0.0.1", "::1"}, "127.0.0.1": {"127.0.0.1"}, "::1": {"::1"}, "0.0.0.0": {"127.0.0.1"},
	} {
		s := start(t, newTestServer(&fixedSwarm{}), host, patience)
		_, port, _ := net.SplitHostPort(s.addr)
		for _, target := range targets {
			c := dial(t, net.JoinHostPort(target, port))
			reply := c.ask(with(c.connect(), unhex(announce)))
			want := AppendAnnounce(nil, txid, netip.MustParseAddr(target), tracker.AnnounceResponse{
				Interval: 46 * time.Second, Complete: 1, Incomplete: 2, Peers: fixedPeers,
			})
			if !bytes.Equal(reply, want) {
				t.Errorf("%q, to %s: %x", host, target, reply)
			}
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
}

// The reply comes from where the packet was sent to, whichever of the machine's addresses
// that is, over sockets of both families and of IPv4 alone, which a system without IPv6
// has. A client's socket takes packets from there only.
func TestRepliesComeFromTheAddressAsked(t *testing.T) {
	for _, network := range []string{"udp", "udp4"} {
		conn, err := net.ListenPacket(network, ":0")
		if err != nil {
			t.Fatal(err)
		}
		l := &Listener{}
		if err := l.add(conn.(*net.UDPConn)); err != nil {
			t.Fatal(err)
		}
		s := startOn(t, newTestServer(&fixedSwarm{}), l, patience)
		_, port, _ := net.SplitHostPort(s.addr)
		for n := 1; n < 6; n++ {
			dial(t, fmt.Sprintf("127.0.9.%d:%s", n, port)).connect()
		}
	}
}

func TestListenTakesThePortAlone(t *testing.T) {
	l, err := Listen(context.Background(), "127.0.0.1", "0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if second, err := Listen(context.Background(), "127.0.0.1", port); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second one: %v, %v", second, err)
	}
	l.Close()
	again, err := Listen(context.Background(), "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// gatedSwarm answers when it is told to, or when the time is over.
type gatedSwarm struct {
	fixedSwarm
	begun, open chan struct{}
}

func newGatedSwarm() *gatedSwarm {
	return &gatedSwarm{begun: make(chan struct{}, 1000), open: make(chan struct{})}
}

func (s *gatedSwarm) Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.begun <- struct{}{}
	select {
	case <-s.open:
		return s.fixedSwarm.Announce(ctx, req)
	case <-ctx.Done():
		return tracker.AnnounceResponse{}, fmt.Errorf("%w: %w", tracker.ErrUnavailable, ctx.Err())
	}
}

// awaitBegun waits until as many announces are with the tracker, all at once.
func (s *gatedSwarm) awaitBegun(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-s.begun:
		case <-time.After(patience):
			t.Fatal("announces wait for each other")
		}
	}
}

// Announces do not wait for each other, whether they come at once or one by one, and each
// gets its own reply. One more than may be pending is told so at once.
func TestConcurrentAnnounces(t *testing.T) {
	const clients = 200
	swarm := newGatedSwarm()
	server := newTestServer(swarm)
	server.requests = tracker.NewRequests(clients, quiet)
	s := start(t, server, "127.0.0.1", patience)
	conns := make([]conn, clients)
	for n := range conns {
		conns[n] = dial(t, s.addr)
		packet := with(conns[n].connect(), unhex(announce))
		packet[15] = byte(n) // of the transaction id
		conns[n].send(packet)
	}
	swarm.awaitBegun(t, clients)

	late := dial(t, s.addr)
	id := late.connect()
	checkError(t, late.ask(with(id, unhex(announce))), "tracker is busy")
	if n := testutil.ToFloat64(s.metrics.packets[tracker.OutcomeShed]); n != 1 {
		t.Errorf("%v were shed", n)
	}

	close(swarm.open)
	for n, c := range conns {
		if reply := c.receive(); be32(reply) != actionAnnounce || reply[7] != byte(n) {
			t.Errorf("reply %d is %x", n, reply)
		}
	}
	if reply := late.ask(with(id, unhex(announce))); be32(reply) != actionAnnounce {
		t.Errorf("later it is %x", reply)
	}
}

func TestDeadline(t *testing.T) {
	swarm := newGatedSwarm()
	s := start(t, New(swarm, someSecret, Options{Timeout: 10 * time.Millisecond}, quiet), "127.0.0.1", patience)
	c := dial(t, s.addr)
	checkError(t, c.ask(with(c.connect(), unhex(announce))), "tracker cannot reach its store now")
}

// A server that stops reads no more, and finishes what is under way.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	swarm := newGatedSwarm()
	s := start(t, newTestServer(swarm), "127.0.0.1", patience)
	c := dial(t, s.addr)
	id := c.connect()
	c.send(with(id, unhex(announce)))
	swarm.awaitBegun(t, 1)
	ended := make(chan error)
	go func() { ended <- s.stop() }()
	select {
	case err := <-ended:
		t.Fatalf("ended with an announce under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(swarm.open)
	if reply := c.receive(); be32(reply) != actionAnnounce {
		t.Errorf("the announce under way got %x", reply)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := c.Write(with(id, unhex(announce))); err == nil { // nobody listens: refused, now or at the next read
		c.SetReadDeadline(time.Now().Add(patience))
		if n, err := c.Read(make([]byte, 1500)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%d bytes, %v from a port that is closed", n, err)
		}
	}
}

func TestStopIsBounded(t *testing.T) {
	swarm := newGatedSwarm()
	s := start(t, newTestServer(swarm), "127.0.0.1", 10*time.Millisecond)
	c := dial(t, s.addr)
	c.send(with(c.connect(), unhex(announce)))
	swarm.awaitBegun(t, 1)
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "unfinished") {
		t.Errorf("ended with %v", err)
	}
	checkError(t, c.receive(), "tracker cannot reach its store now")
}

// With nothing under way no time is needed.
func TestStopAtOnce(t *testing.T) {
	s := start(t, newTestServer(&fixedSwarm{}), "127.0.0.1", 0)
	dial(t, s.addr).connect()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// Junk of any size neither stops a server nor gets more back than it is.
func TestJunk(t *testing.T) {
	swarm := &fixedSwarm{}
	s := start(t, newTestServer(swarm), "127.0.0.1", patience)
	c := dial(t, s.addr)
	id := c.connect()
	for _, size := range []int{0, 1, 15, 2047, 2048, 2049, 9000, 65507} {
		c.send(bytes.Repeat([]byte{0xff}, size))
		if size >= 29 {
			if reply := c.receive(); len(reply) > size || be32(reply) != actionError {
				t.Errorf("%d bytes are answered by %x", size, reply)
			}
		}
	}
	checkError(t, c.ask(with(id, scrapePacket(bytes.Repeat([]byte{1}, 1000)...))), string(errManyHashes))
	if reply := c.ask(with(id, unhex(announce))); be32(reply) != actionAnnounce || swarm.count() != 1 {
		t.Errorf("then an announce gets %x, and %d were asked about", reply, swarm.count())
	}
}

// A reply that the system refuses to send is counted, and does not hold up others.
func TestUnsentReplies(t *testing.T) {
	l, err := Listen(context.Background(), "127.0.0.1", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	receiver, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	s := newTestServer(&fixedSwarm{})
	messages := newMessages(0)[:3]
	for i, to := range []string{receiver.LocalAddr().String(), "192.0.2.1:0", receiver.LocalAddr().String()} {
		messages[i].Buffers[0], messages[i].OOB = []byte{byte(i)}, nil
		messages[i].Addr = net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))
	}
	(&transport{server: s, socket: l.sockets[0]}).send(messages)
	if n := testutil.ToFloat64(s.metrics.unsent); n != 1 {
		t.Errorf("%v are unsent", n)
	}
	receiver.SetReadDeadline(time.Now().Add(patience))
	for _, want := range []byte{0, 2} {
		got := make([]byte, 10)
		if n, err := receiver.Read(got); err != nil || n != 1 || got[0] != want {
			t.Errorf("got %x, %v", got[:n], err)
		}
	}
}

// Many clients at once, some of them strangers: each gets its own reply.
func TestRepliesDoNotMix(t *testing.T) {
	s := start(t, newTestServer(&fixedSwarm{}), "", patience)
	_, port, _ := net.SplitHostPort(s.addr)
	var group sync.WaitGroup
	for client := range 16 {
		group.Go(func() {
			target := "127.0.0.1"
			if client%2 == 1 {
				target = "::1"
			}
			c := dial(t, net.JoinHostPort(target, port))
			id := c.connect()
			for n := range byte(100) {
				packet := with(id, scrapePacket(bytes.Repeat([]byte{n + 1}, 1+client)...))
				packet[14], packet[15] = byte(client), n
				reply := c.ask(packet)
				if !bytes.Equal(reply[:8], packet[8:16]) || len(reply) != 8+12*(1+client) {
					t.Errorf("client %d: reply is %x", client, reply)
				}
			}
		})
	}
	group.Wait()
}

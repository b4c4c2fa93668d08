package btudp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/net/ipv4"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// readySwarm hands the same 30 peers to everybody at no cost.
type readySwarm struct{ tracker.AnnounceResponse }

func newReadySwarm() readySwarm {
	resp := tracker.AnnounceResponse{Interval: 45 * time.Second}
	for i := range 30 {
		resp.Peers = append(resp.Peers, tracker.Peer{Addr4: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 6881)})
	}
	return readySwarm{resp}
}

func (s readySwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return s.AnnounceResponse, nil
}

func (s readySwarm) Scrape(context.Context, []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	return nil, nil
}

// BenchmarkPackets measures packets without sockets: a connect from its bytes to those of
// its reply, and an announce likewise, with its connection id checked and 30 peers.
func BenchmarkPackets(b *testing.B) {
	s := newTestServer(newReadySwarm())
	buffer := make([]byte, 0, maxReply)
	ctx := context.Background()
	asked := with(goodID(), unhex(announce))
	b.Run("connect", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.receive(buffer, connectPacket, client4, testNow)
		}
	})
	b.Run("announce", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, r := s.receive(buffer, asked, client4, testNow)
			s.answer(ctx, buffer, r)
		}
	})
}

// BenchmarkConnectionID measures making one, which is also most of checking one.
func BenchmarkConnectionID(b *testing.B) {
	var secrets Secrets = someSecret
	b.ReportAllocs()
	for b.Loop() {
		makeID(secrets, testNow, client6)
	}
}

// BenchmarkSockets measures announces of 30 peers from socket to socket on loopback, with
// a tracker that costs nothing behind it. The clients are another process, so that the CPU
// time is the server's alone, the system's work for it included.
func BenchmarkSockets(b *testing.B) {
	s := start(b, newTestServer(newReadySwarm()), "127.0.0.1", patience)
	clients := exec.Command(os.Args[0], "-test.run=^$")
	clients.Env = append(os.Environ(), loadEnv+"="+s.addr)
	clients.Stderr = os.Stderr
	clients.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := clients.Start(); err != nil {
		b.Fatal(err)
	}
	defer clients.Wait()
	defer clients.Process.Kill()
	count := func() float64 { return testutil.ToFloat64(s.metrics.packets[tracker.OutcomeAnnounced]) }
	awaitCount := func(n float64) {
		for deadline := time.Now().Add(patience); count() < n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatal("the clients announce no more")
			}
		}
	}
	awaitCount(1000)
	b.ResetTimer()
	before, cpu := count(), cpuTime()
	awaitCount(before + float64(b.N))
	announces := count() - before
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/1000/announces, "cpu-µs/announce")
	b.ReportMetric(announces/b.Elapsed().Seconds(), "announces/s")
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// loadEnv names the server to the process that is the clients of BenchmarkSockets.
const loadEnv = "BTUDP_LOAD"

func TestMain(m *testing.M) {
	if addr := os.Getenv(loadEnv); addr != "" {
		fmt.Fprintln(os.Stderr, load(addr))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// load announces for ever, from a few sockets that each have up to 64 announces under way.
func load(addr string) error {
	failed := make(chan error)
	for range 8 {
		go func() { failed <- loadSocket(addr) }()
	}
	return <-failed
}

func loadSocket(addr string) error {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return err
	}
	batches := ipv4.NewPacketConn(c.(*net.UDPConn))
	replies, requests := newMessages(packetSize), newMessages(0)
	if _, err := c.Write(connectPacket); err != nil {
		return err
	}
	if _, err := batches.ReadBatch(replies, 0); err != nil {
		return err
	}
	packet := with(be64(replies[0].Buffers[0][8:]), unhex(announce))
	for i := range requests {
		requests[i].Buffers[0], requests[i].OOB = packet, nil
	}
	for n := len(requests); ; {
		if _, err := batches.WriteBatch(requests[:n], 0); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(time.Second)) // what got lost is sent anew
		if n, err = batches.ReadBatch(replies, 0); err != nil {
			n = len(requests)
		}
	}
}

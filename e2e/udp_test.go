package e2e

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// Where the cluster's programs listen, besides the proxy: see scripts/cluster.
const (
	smdbPort     = "6971"
	frontendPort = 6972 // of the first
	alonePort    = "7069"
)

// Each client announces over UDP, to a frontend that hosts reach without a proxy.
func TestUDP(t *testing.T) {
	c := startCluster(t, "haproxy")
	s := newSwarmAt(t, c, "over-udp", 2*mebibyte+12345, "udp://"+c.startFrontend(t))
	s.seed(t, 1, "UDP aria2")
	s.fetch(t, 2, "libtorrent")
	s.fetch(t, 2, "transmission")
	s.awaitAnnounced(t)
	s.fetch(t, 2, "rtorrent")
	s.fetch(t, 2, "UDP aria2")
	s.fetch(t, 1, "libtorrent")
	s.finish(t)
}

// startFrontend runs one more frontend of the cluster, at an address that hosts reach, and
// returns that.
func (c cluster) startFrontend(t testing.TB) string {
	t.Helper()
	command := exec.Command(filepath.Join(os.Getenv(binEnv), "p2ptracker"), "serve")
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0",
		"P2PTRACKER_HOST=" + proxyHost, "P2PTRACKER_PORT=" + alonePort,
		"P2PTRACKER_REDISHOST=127.0.0.1", "P2PTRACKER_REDISPORT=" + redisPort,
		"P2PTRACKER_SMDB_URL=http://127.0.0.1:" + smdbPort,
	}
	start(t, command, filepath.Join(c.dir, "alone.log"), syscall.SIGTERM)
	address := net.JoinHostPort(proxyHost, alonePort)
	await(t, func() error { return c.checkReady(address) })
	return address
}

func (cluster) checkReady(address string) error {
	resp, err := direct.Get("http://" + address + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, resp.Status)
	}
	return nil
}

// nginx spreads packets over the frontends, each to the next one, and keeps the hosts'
// addresses: a host connects at one frontend and announces at the others.
func TestUDPThroughNginx(t *testing.T) {
	c := startCluster(t, "nginx")
	c.routeReplies(t)
	s := newSwarmAt(t, c, "over-udp-through-nginx", 2*mebibyte, "udp://"+net.JoinHostPort(proxyHost, proxyPort))
	s.seed(t, 1, "libtorrent")
	s.fetch(t, 2, "UDP aria2")
	s.fetch(t, 2, "transmission")
	s.fetch(t, 2, "rtorrent")
	s.finish(t)

	before := c.udpPackets(t, "announced")
	const each = 5
	s.announceUDP(t, each*frontends)
	for n, count := range c.udpPackets(t, "announced") {
		if count-before[n] < each-1 { // a client's own announces may come between
			t.Errorf("frontend %d got %d of %d announces", n+1, count-before[n], each*frontends)
		}
	}
	for _, outcome := range []string{"unproven", "failed", "shed", "foreign"} {
		if counts := c.udpPackets(t, outcome); strings.Trim(fmt.Sprint(counts), "[0 ]") != "" {
			t.Errorf("%s: %v", outcome, counts)
		}
	}
}

// routeReplies takes what the frontends send to hosts for our own, as etc/nginx-udp.conf
// has it: nginx has sockets with the hosts' addresses.
func (cluster) routeReplies(t testing.TB) {
	t.Helper()
	const table = "100"
	add, remove := []string{"route add local 10.77.0.0/16 dev lo table " + table}, []string{"route flush table " + table}
	for n := range frontends {
		rule := fmt.Sprintf("ipproto udp sport %d lookup %s", frontendPort+n, table)
		add, remove = append(add, "rule add "+rule), append(remove, "rule delete "+rule)
	}
	if err := netlab.IP("", add...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlab.IP("", remove...); err != nil {
			t.Error(err)
		}
	})
}

// udpPackets are the counts of an outcome, of each frontend.
func (c cluster) udpPackets(t testing.TB, outcome string) [frontends]int {
	t.Helper()
	return c.counts(t, fmt.Sprintf("p2ptracker_udp_packets_total{outcome=%q}", outcome))
}

// counts are those of a metric, of each frontend.
func (cluster) counts(t testing.TB, metric string) (counts [frontends]int) {
	t.Helper()
	for n := range counts {
		resp, err := direct.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", frontendPort+n))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), "\n"+metric+" ")
		if _, err := fmt.Sscan(rest, &counts[n]); !found || err != nil {
			t.Fatalf("no count of %s: %v", metric, err)
		}
	}
	return counts
}

// announceUDP connects once, and announces with that connection id, as a host that has
// everything.
func (s *swarm) announceUDP(t testing.TB, times int) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: newAddress(t, 1).addr.AsSlice()}}
	conn, err := dialer.Dial("udp", net.JoinHostPort(proxyHost, proxyPort))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(packet []byte) []byte {
		reply := make([]byte, 1500)
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(reply)
		if err != nil || n < 16 || string(reply[4:8]) != "txid" || reply[3] != packet[11] {
			t.Fatalf("%x is answered by %x, %v", packet, reply[:n], err)
		}
		return reply[:n]
	}
	id := ask([]byte("\x00\x00\x04\x17\x27\x10\x19\x80\x00\x00\x00\x00txid"))[8:]
	hash, err := hex.DecodeString(s.hash)
	if err != nil {
		t.Fatal(err)
	}
	packet := append(id[:8:8], "\x00\x00\x00\x01txid"+string(hash)+"-UD0001-000000000001"...)
	packet = append(packet, make([]byte, 8+8+8+4+4+4+4)...) // nothing left, no peers wanted
	packet = binary.BigEndian.AppendUint16(packet, peerPort)
	for range times {
		ask(packet)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A host that announces over UDP to the real program is handed out over HTTP, and the
// other way round.
func TestProgramServesUDP(t *testing.T) {
	port := freePort(t)
	program, stderr := startProgram(t, "PORT="+port, "AUTO_REGISTER=true")
	address := "127.0.0.1:" + port
	if err := awaitURL("http://" + address + "/readyz"); err != nil {
		t.Fatal(err)
	}
	client := newUDPClient(t, address)
	if peers := client.announce("-XX0001-000000000001", 6881); len(peers) != 0 {
		t.Errorf("the first host got %x", peers)
	}
	body, err := getURL("http://" + address + "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000002&port=6882&left=1")
	if err != nil || !bytes.Contains(body, []byte("5:peers6:\x7f\x00\x00\x01\x1a\xe1")) {
		t.Errorf("over HTTP the second host got %q, %v", body, err)
	}
	if peers := client.announce("-XX0001-000000000001", 6881); string(peers) != "\x7f\x00\x00\x01\x1a\xe2" {
		t.Errorf("then the first one got %x", peers)
	}
	counts, err := getURL("http://" + address + "/metrics")
	if err != nil || !bytes.Contains(counts, []byte("\np2ptracker_udp_packets_total{outcome=\"announced\"} 2\n")) {
		t.Errorf("%v %s", err, counts)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr)
	}
}

// udpClient has a connection id, and announces with it.
type udpClient struct {
	testing.TB
	net.Conn
	id []byte
}

// newUDPClient connects as soon as the program has its secrets.
func newUDPClient(t testing.TB, address string) *udpClient {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &udpClient{TB: t, Conn: conn}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		reply := c.ask([]byte("\x00\x00\x04\x17\x27\x10\x19\x80\x00\x00\x00\x00txid"))
		if bytes.HasPrefix(reply, []byte("\x00\x00\x00\x00txid")) {
			c.id = reply[8:]
			return c
		}
	}
	t.Fatal("there is no connection id")
	return nil
}

func (c *udpClient) ask(packet []byte) []byte {
	c.Helper()
	if _, err := c.Write(packet); err != nil {
		c.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	reply := make([]byte, 1500)
	n, err := c.Read(reply)
	if err != nil {
		c.Fatal(err)
	}
	return reply[:n]
}

// announce announces a host that has nothing, and returns its peers, 6 bytes each.
func (c *udpClient) announce(peerID string, port uint16) []byte {
	c.Helper()
	reply := c.ask(c.packet(strings.Repeat("a", 20), peerID, port))
	if len(reply) < 20 || !bytes.HasPrefix(reply, []byte("\x00\x00\x00\x01txid")) {
		c.Fatalf("the announce got %q", reply)
	}
	return reply[20:]
}

// packet is such an announce.
func (c *udpClient) packet(hash, peerID string, port uint16) []byte {
	packet := append(bytes.Clone(c.id), "\x00\x00\x00\x01txid"+hash+peerID...)
	packet = append(packet, make([]byte, 8)...)             // downloaded
	packet = binary.BigEndian.AppendUint64(packet, 1)       // left
	packet = append(packet, make([]byte, 8+4+4+4)...)       // uploaded, event, address, key
	packet = binary.BigEndian.AppendUint32(packet, 1<<32-1) // as many peers as there are
	return binary.BigEndian.AppendUint16(packet, port)
}

func TestListenUDP(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.LocalAddr().(*net.UDPAddr).Port
	for udp, want := range map[udpPort]string{"": freePort(t), udpPort(freePort(t)): ""} {
		number, _ := strconv.Atoi(want)
		listener, err := listenUDP(context.Background(), &Config{Host: "127.0.0.1", Port: number, UDPPort: udp})
		if err != nil {
			t.Fatal(err)
		}
		if got := listener.Addr().String(); got != "127.0.0.1:"+want+string(udp) {
			t.Errorf("%q: listens on %s", udp, got)
		}
		listener.Close()
	}
	// The port is left to whoever has it.
	if _, err := listenUDP(context.Background(), &Config{Host: "127.0.0.1", Port: port, UDPPort: noUDP}); err != nil {
		t.Error(err)
	}
}

// With UDP_PORT=0 nobody listens.
func TestProgramWithoutUDP(t *testing.T) {
	port := freePort(t)
	startProgram(t, "PORT="+port, "UDP_PORT=0")
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

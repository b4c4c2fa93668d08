package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// A frontend hangs while hosts announce to it, give up, and say at another one that they stop.
// When it goes on it records none of them, nor who waited for longer than ANNOUNCE_TIMEOUT. Who
// came a moment ago is served.
func TestProgramHangs(t *testing.T) {
	t.Parallel()
	redis, redisPort, err := net.SplitHostPort(redistest.Start(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{"REDISHOST=" + redis, "REDISPORT=" + redisPort, "AUTO_REGISTER=true", "ANNOUNCE_TIMEOUT=2"}
	hanging, other := freePort(t), freePort(t)
	program, stderr := startProgram(t, append(settings, "PORT="+hanging)...)
	startProgram(t, append(settings, "PORT="+other)...)
	for _, port := range []string{hanging, other} {
		if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
			t.Fatal(err)
		}
	}
	udp := newUDPClient(t, "127.0.0.1:"+hanging)
	udp.announce("-XX0001-000000000000", 1000)
	kept, waits := dial(t, "127.0.0.1:"+hanging), dial(t, "127.0.0.1:"+hanging)
	for _, conn := range []net.Conn{kept, waits} {
		io.WriteString(conn, hangScrape)
		conn.Read(make([]byte, 1<<10))
	}

	if err := program.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resume := func() { _ = program.Process.Signal(syscall.SIGCONT) }
	t.Cleanup(resume)
	fresh, odd, reset := dial(t, "127.0.0.1:"+hanging), dial(t, "127.0.0.1:"+hanging), dial(t, "127.0.0.1:"+hanging)
	for i, conn := range []net.Conn{kept, fresh, odd, reset, waits} {
		header := ""
		if conn == odd {
			header = "Connection: close, x\r\n" // net/http's to answer
		}
		io.WriteString(conn, hangAnnounce(1001+i, header))
	}
	udp.Write(udp.packet(strings.Repeat("a", 20), "-XX0001-000000000006", 1006))
	time.Sleep(100 * time.Millisecond)
	reset.(*net.TCPConn).SetLinger(0)
	for _, conn := range []net.Conn{kept, fresh, reset} {
		conn.Close()
	}
	for port := 1001; port <= 1004; port++ {
		if _, err := getURL("http://127.0.0.1:" + other + "/" + hangQuery(port, "stopped")); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2100 * time.Millisecond) // more than ANNOUNCE_TIMEOUT
	latecomer := dial(t, "127.0.0.1:"+hanging)
	io.WriteString(latecomer, hangAnnounce(1007, "Connection: close\r\n"))
	resume()

	if reply, err := io.ReadAll(latecomer); err != nil || bytes.Contains(reply, []byte("failure")) {
		t.Errorf("who came a moment ago got %q, %v", reply, err)
	}
	reply := make([]byte, 1<<10)
	if n, err := waits.Read(reply); err != nil || !strings.Contains(string(reply[:n]), "failure reason15:tracker is busy") {
		t.Errorf("who waited for too long got %q, %v", reply[:n], err)
	}
	// Each was looked at by then.
	await := func(line string) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			counts, err := getURL("http://127.0.0.1:" + hanging + "/metrics")
			if err == nil && bytes.Contains(counts, []byte("\n"+line+"\n")) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("no %s in %s %v\n%s", line, counts, err, stderr)
			}
		}
	}
	await(`p2ptracker_http_requests_total{outcome="failed"} 5`)
	await(`p2ptracker_udp_packets_total{outcome="late"} 1`)
	peers := udp.announce("-XX0001-000000000000", 1000)
	if want := "\x7f\x00\x00\x01\x03\xef"; string(peers) != want {
		t.Errorf("peers are %x, not %x", peers, want)
	}
}

const hangScrape = "GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\n\r\n"

// hangQuery is the announce of the host that is known by its port.
func hangQuery(port int, event string) string {
	return fmt.Sprintf("announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-00000000%04d&port=%d&left=1&event=%s", port, port, event)
}

func hangAnnounce(port int, header string) string {
	return "GET /" + hangQuery(port, "") + " HTTP/1.1\r\nHost: x\r\n" + header + "\r\n"
}

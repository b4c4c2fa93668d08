package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// With REPR_SCOPE=rack the hosts of a finished push go on seeding, and the next push comes to the same
// rack. Within a minute one of its hosts is handed a peer of another rack. Until then the log says that
// the rack waits.
func TestFinishedPushYields(t *testing.T) {
	t.Parallel()
	host, port, err := net.SplitHostPort(redistest.Start(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	trackerPort := freePort(t)
	_, stderr := startProgram(t, "PORT="+trackerPort, "HOST=127.0.0.1", "UDP_PORT=0", "REDISHOST="+host, "REDISPORT="+port,
		"REPR_SCOPE=rack", "AUTO_REGISTER=true")
	base := "http://127.0.0.1:" + trackerPort
	if err := awaitURL(base + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	const source = "\x0a\x00\x03\x01\x1a\xe1" // 10.0.3.1:6881
	announce := func(push, ip string, left int) string {
		t.Helper()
		reply, err := getURL(fmt.Sprintf("%s/announce?info_hash=%s&peer_id=-XX0001-0%s&port=6881&left=%d&compact=1&ip=%s",
			base, strings.Repeat(push, 20), strings.Repeat("0", 11-len(ip))+ip, left, ip))
		if err != nil || !strings.Contains(string(reply), "5:peers") || strings.Contains(string(reply), "failure") {
			t.Fatalf("%s: %q, %v", ip, reply, err)
		}
		return string(reply)
	}
	finished := []string{"10.0.2.1", "10.0.2.2", "10.0.2.3", "10.0.2.4"}
	next := []string{"10.0.2.11", "10.0.2.12", "10.0.2.13"}
	for _, push := range []string{"a", "b"} {
		announce(push, "10.0.3.1", 0)
	}
	for _, left := range []int{5, 0} {
		for _, ip := range finished {
			announce("a", ip, left)
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		for _, ip := range next {
			if strings.Contains(announce("b", ip, 5), source) {
				return
			}
		}
		for _, ip := range finished {
			announce("a", ip, 0)
		}
		if time.Now().After(end) {
			t.Fatalf("no host of the next push is handed a peer of another rack\n%s", stderr)
		}
	}
}

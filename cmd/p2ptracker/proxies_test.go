package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The addresses of this test's proxy, and of somebody else.
const (
	proxyAt    = "127.0.0.2"
	strangerAt = "127.0.0.3"
)

// askFrom sends a request from a local address, and returns its reply's status and body. Lines go
// into its header.
func askFrom(t *testing.T, from, port, method, target string, lines ...string) (int, string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	conn, err := dialer.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	lines = append([]string{method + " " + target + " HTTP/1.1", "Host: localhost"}, lines...)
	io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %q: %v", target, lines, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func announcePath(n int) string {
	return fmt.Sprintf("/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-%012d&port=%d&left=1&compact=1", n, 6000+n)
}

// peersOf are the hosts that the tracker has seen.
func peersOf(t *testing.T, port string) []string {
	t.Helper()
	var list struct{ Peers []string }
	body, err := getURL("http://127.0.0.1:" + port + "/transfers/peers/" + strings.Repeat("61", 20) + ".json")
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	slices.Sort(list.Peers)
	return list.Peers
}

// startBehindProxy starts the program, and returns its port, and what ends it and returns its log.
func startBehindProxy(t *testing.T, settings ...string) (port string, log func() string) {
	t.Helper()
	port = freePort(t)
	settings = append(settings, "PORT="+port, "UDP_PORT=0", "AUTO_REGISTER=true", "PROXYPASS=true")
	program, stderr := startProgram(t, settings...)
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	return port, func() string {
		_ = program.Process.Signal(syscall.SIGTERM)
		_ = program.Wait()
		return stderr.String()
	}
}

// What the tracker says of those whose client it does not know.
const (
	saysNotTrusted = "TRUSTED_PROXIES does not name"
	saysNoClient   = "does not tell the client's address"
)

// Behind a proxy, each host is recorded at its own address, and who is at none is told to come
// back, whichever way of the server answers. Nobody is at a proxy's address.
func TestProgramBehindProxy(t *testing.T) {
	port, log := startBehindProxy(t, "TRUSTED_PROXIES="+proxyAt+",10.0.0.2", "TRUST_IP_PARAM=10.1.0.0/16")
	var want []string
	for n, test := range []struct {
		from   string
		header []string // X-Forwarded-For; nil: there is none
		query  string
		at     string // where it is recorded, or what is said
	}{
		{proxyAt, []string{"10.1.1.1"}, "", "10.1.1.1"},
		{proxyAt, []string{"10.9.9.9, 10.1.1.2, 10.0.0.2"}, "", "10.1.1.2"},
		{proxyAt, []string{"10.9.9.9", "10.1.1.3"}, "", "10.1.1.3"},
		{strangerAt, nil, "", strangerAt},
		{strangerAt, []string{"10.1.1.4"}, "", saysNotTrusted},
		{strangerAt, []string{proxyAt}, "", saysNotTrusted},
		{strangerAt, []string{""}, "", saysNotTrusted},
		{proxyAt, nil, "", saysNoClient},
		{proxyAt, []string{""}, "", saysNoClient},
		{proxyAt, []string{"unknown"}, "", saysNoClient},
		{proxyAt, []string{"10.1.1.5, unknown"}, "", saysNoClient},
		{proxyAt, []string{"10.1.1.5, unknown, 10.0.0.2"}, "", saysNoClient},
		{proxyAt, []string{"10.0.0.2"}, "", saysNoClient},
		{proxyAt, []string{"127.0.0.1, 10.0.0.2"}, "", saysNoClient},
		{proxyAt, []string{"0.0.0.0"}, "", saysNoClient},
		{proxyAt, []string{"224.0.0.1"}, "", saysNoClient},
		{proxyAt, []string{"255.255.255.255"}, "", saysNoClient},
		{proxyAt, []string{"::"}, "", saysNoClient},
		{proxyAt, []string{"::ffff:0.0.0.0"}, "", saysNoClient},
		{proxyAt, []string{"ff02::1"}, "", saysNoClient},
		{proxyAt, []string{"fe80::1"}, "", saysNoClient},
		{proxyAt, []string{"fe80::1%eth0"}, "", saysNoClient},
		{proxyAt, []string{"169.254.1.1"}, "", saysNoClient},
		{proxyAt, []string{"10.1.1.6"}, "&ip=127.0.0.1", "10.1.1.6"},
		{proxyAt, []string{"10.1.1.7"}, "&ip=10.2.2.2&ipv6=fe80::1", "10.2.2.2"},
		{proxyAt, []string{"10.1.1.8"}, "&ipv4=169.254.1.1&ipv6=::1", "10.1.1.8"},
		{proxyAt, []string{"10.1.1.9"}, "&ip=" + proxyAt, "10.1.1.9"},
		{proxyAt, []string{"10.3.1.1"}, "&ip=10.1.1.1", "10.3.1.1"}, // it is not trusted so far
		{proxyAt, []string{"64:ff9b::127.0.0.1"}, "", saysNoClient},
		{proxyAt, []string{"2002:a9fe:101::1"}, "", saysNoClient},
		{proxyAt, []string{"10.1.1.10"}, "&ipv6=::ffff:0:224.0.0.1", "10.1.1.10"},
	} {
		lines := []string{}
		for _, line := range test.header {
			lines = append(lines, "X-Forwarded-For: "+line)
		}
		for way, more := range map[string]string{"": "X-Plain: yes", "net/http": "Content-Length: 0"} {
			_, body := askFrom(t, test.from, port, http.MethodGet, announcePath(n)+test.query, append(lines, more)...)
			refused := test.at == saysNotTrusted || test.at == saysNoClient
			if refused != strings.Contains(body, "failure reason") || refused && !strings.Contains(body, test.at) {
				t.Errorf("%s %+v: %q", way, test, body)
			}
			if refused && !strings.Contains(body, "8:intervali1") && !strings.Contains(body, "8:intervali20e") {
				t.Errorf("%s %+v: comes back late: %q", way, test, body)
			}
		}
		if !strings.Contains(test.at, " ") {
			want = append(want, fmt.Sprintf("%s:%d", test.at, 6000+n))
		}
	}
	slices.Sort(want)
	if got := peersOf(t, port); !slices.Equal(got, want) {
		t.Errorf("recorded are %q, want %q", got, want)
	}
	text := log()
	for _, line := range []string{
		"X-Forwarded-For from an address that is not in TRUSTED_PROXIES\" address=" + strangerAt,
		"X-Forwarded-For who the client is\" address=" + proxyAt,
	} {
		if strings.Count(text, line) != 1 {
			t.Errorf("%q is not once in\n%s", line, text)
		}
	}
	if strings.Contains(text, "level=ERROR") {
		t.Error(text)
	}
}

// People and health checks behind a proxy: reading, and changing something with the token and
// without, from a proxy's address and from others.
func TestPeopleBehindProxy(t *testing.T) {
	const torrent, token = "/torrents/x.torrent", "Authorization: Bearer secret"
	for _, admin := range []string{"", "secret"} {
		port, log := startBehindProxy(t, "TRUSTED_PROXIES="+proxyAt, "ADMIN_TOKEN="+admin)
		for _, test := range []struct {
			from, method, path string
			lines              []string
			status, tokened    int // without an ADMIN_TOKEN, and with one that is not sent
		}{
			{proxyAt, "GET", "/readyz", nil, 200, 200},
			{proxyAt, "GET", "/metrics", nil, 200, 200},
			{strangerAt, "GET", "/healthz", []string{"X-Forwarded-For: 10.1.1.1"}, 200, 200},
			{strangerAt, "GET", "/metrics", []string{"X-Forwarded-For: 10.1.1.1"}, 200, 200},
			{proxyAt, "GET", "/readyz/", []string{"X-Forwarded-For: unknown"}, 200, 200},
			{proxyAt, "GET", "/transfers/", nil, 200, 200}, // an operator on the proxy's machine
			{proxyAt, "GET", "/transfers/", []string{"X-Forwarded-For: 10.1.1.1"}, 200, 200},
			{proxyAt, "GET", "/transfers/", []string{"X-Forwarded-For: unknown"}, 403, 403},
			{strangerAt, "GET", "/transfers/", nil, 200, 200},
			{strangerAt, "GET", "/transfers/", []string{"X-Forwarded-For: 10.1.1.1"}, 403, 403},
			{strangerAt, "GET", "/scrape/" + strings.Repeat("61", 20) + ".json", []string{"X-Forwarded-For: 10.1.1.1"}, 403, 403},
			// A proxy that says nothing is no operator, wherever its clients are.
			{proxyAt, "DELETE", torrent, nil, 403, 401},
			{proxyAt, "DELETE", torrent, []string{token}, 403, 404},
			{proxyAt, "DELETE", torrent, []string{"X-Forwarded-For: 10.1.1.1"}, 403, 401},
			{proxyAt, "DELETE", torrent, []string{"X-Forwarded-For: " + strangerAt}, 404, 401},
			{strangerAt, "DELETE", torrent, nil, 404, 401},
			{strangerAt, "DELETE", torrent, []string{"X-Forwarded-For: 127.0.0.1"}, 403, 403},
			{strangerAt, "DELETE", torrent, []string{"X-Forwarded-For: 127.0.0.1", token}, 403, 403},
		} {
			want := test.status
			if admin != "" {
				want = test.tokened
			}
			status, body := askFrom(t, test.from, port, test.method, test.path, test.lines...)
			if status != want || status == 403 && !strings.HasPrefix(body, "{\n  \"error\": {") {
				t.Errorf("ADMIN_TOKEN=%s %+v: %d %s", admin, test, status, body)
			}
		}
		text := log()
		if warned := strings.Contains(text, `level=WARN msg="PROXYPASS WITHOUT ADMIN_TOKEN`); warned != (admin == "") {
			t.Errorf("ADMIN_TOKEN=%s: warned: %t\n%s", admin, warned, text)
		}
	}
}

// One request of a host in a private network, with the address of another one, takes nothing from
// that one by default.
func TestNobodySpeaksForAnother(t *testing.T) {
	port, _ := startBehindProxy(t)
	via := func(addr string) string { return "X-Forwarded-For: " + addr }
	askFrom(t, "127.0.0.1", port, http.MethodGet, announcePath(1), via("10.1.1.1"))
	for _, name := range []string{"ip", "ipv4"} {
		_, body := askFrom(t, "127.0.0.1", port, http.MethodGet,
			strings.Replace(announcePath(2), "port=6002", "port=6001", 1)+"&"+name+"=10.1.1.1", via("10.1.1.2"))
		if !strings.Contains(body, "11:external ip4:\x0a\x01\x01\x02") {
			t.Errorf("%s=: %q", name, body)
		}
	}
	if got := peersOf(t, port); !slices.Equal(got, []string{"10.1.1.1:6001", "10.1.1.2:6001"}) {
		t.Errorf("recorded are %q", got)
	}
}

// Frontends connect to representatives who announced from there, and to nobody who was only named.
func TestProbesReachNobodyNamed(t *testing.T) {
	port := freePort(t)
	_, stderr := startProgram(t, "PORT="+port, "UDP_PORT=0", "AUTO_REGISTER=true", "REPR_PROBE_INTERVAL=1", "MAX_REPR_RACK=10")
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	host := func(ip string) (string, *atomic.Int64) {
		listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		var connections atomic.Int64
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				connections.Add(1)
				conn.Close()
			}
		}()
		_, at, _ := net.SplitHostPort(listener.Addr().String())
		return at, &connections
	}
	own, reached := host("127.0.0.5")
	named, attacked := host("127.0.0.6")
	other, attackedToo := host("127.0.0.7")
	announce := func(n int, port, more string) string {
		return strings.Replace(announcePath(n), fmt.Sprintf("port=%d", 6000+n), "port="+port, 1) + more
	}
	for end := time.Now().Add(patience); reached.Load() < 3 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		askFrom(t, "127.0.0.5", port, http.MethodGet, announce(1, own, ""))
		askFrom(t, "127.0.0.8", port, http.MethodGet, announce(2, named, "&ip=127.0.0.6"))
		askFrom(t, "127.0.0.9", port, http.MethodGet, announce(3, other, "&ipv4=127.0.0.7"))
	}
	if reached.Load() < 3 {
		t.Error("the one that announced from its own address was not probed")
	}
	if attacked.Load() != 0 || attackedToo.Load() != 0 {
		t.Errorf("connections to those who were named: %d and %d", attacked.Load(), attackedToo.Load())
	}
}

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A host of a private network names others, by ip= and by X-Forwarded-For, to a frontend and
// through a proxy. It takes nobody's place, and has frontends connect to nobody.
func TestHostsSpeakForThemselves(t *testing.T) {
	for _, proxy := range []string{"haproxy", "nginx"} {
		t.Run(proxy, func(t *testing.T) {
			c := startCluster(t, proxy, "AUTO_REGISTER=true", "REPR_PROBE_INTERVAL=1", "MAX_REPR_RACK=10")
			own, other, attacker := newAddress(t, 1), newAddress(t, 1), newAddress(t, 1)
			probes, attacked := countConnections(t, own), countConnections(t, other)
			announceFrom(t, own, trackerURL, 1, "")
			frontend := "http://" + c.startFrontend(t)
			for n, named := range []host{own, other} {
				for m, url := range []string{trackerURL, frontend} {
					for k, more := range []string{"&ip=%v", "&ipv4=%v", "&ip=%v&ipv4=%[1]v"} {
						announceFrom(t, attacker, url, 10+100*n+10*m+k, fmt.Sprintf(more, named.addr), "X-Forwarded-For", named.addr.String())
					}
				}
			}
			await(t, func() error {
				if n := probes.Load(); n < 3 {
					return fmt.Errorf("the host that announced is probed %d times", n)
				}
				return nil
			})
			if n := attacked.Load(); n != 0 {
				t.Errorf("%d connections to who was named", n)
			}
			var seen struct{ Peers []string }
			if err := c.get("/transfers/peers/"+strings.Repeat("61", 20)+".json", &seen); err != nil {
				t.Fatal(err)
			}
			want := []string{fmt.Sprintf("%v:%d", own.addr, peerPort), fmt.Sprintf("%v:%d", attacker.addr, peerPort)}
			if slices.Sort(seen.Peers); !slices.Equal(seen.Peers, want) {
				t.Errorf("seen are %v, want %v", seen.Peers, want)
			}
		})
	}
}

// countConnections listens as a client does, and counts who comes.
func countConnections(t testing.TB, h host) *atomic.Int64 {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(h.addr, peerPort).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var count atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			conn.Close()
		}
	}()
	return &count
}

// announceFrom announces from a host's address. Header is a field and its value, if any.
func announceFrom(t testing.TB, h host, url string, peer int, more string, header ...string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: h.addr.AsSlice()}}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: patience}
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf(
		"%s/announce?info_hash=%s&peer_id=-XX0001-%012d&port=%d&left=1%s", url, strings.Repeat("a", 20), peer, peerPort, more), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) > 0 {
		request.Header.Set(header[0], header[1])
	}
	reply, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if body, err := io.ReadAll(reply.Body); err != nil || !strings.Contains(string(body), "external ip4:"+string(h.addr.AsSlice())) {
		t.Errorf("%v is answered %q, %v", h.addr, body, err)
	}
}

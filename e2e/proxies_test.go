package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sorry is what the proxies answer to announces and scrapes where no frontend does.
const sorry = "d14:failure reason22:no tracker answers now8:intervali15e8:retry ini1ee"

// While all frontends hang, and while there is none, clients get a failure that brings them
// back, and all others the true status. What the frontends find when they go on is not
// recorded any more.
func TestNoFrontendAnswers(t *testing.T) {
	for _, proxy := range []string{"haproxy", "nginx"} {
		t.Run(proxy, func(t *testing.T) {
			c := startCluster(t, proxy, "AUTO_REGISTER=true")
			c.signalFrontends(t, syscall.SIGSTOP)
			var askers sync.WaitGroup
			for range 2 * frontends {
				h := newAddress(t, 1)
				askers.Go(func() { h.expect(t, announceOf(h), sorry, http.StatusOK) })
			}
			askers.Go(func() { newAddress(t, 1).expect(t, "/scrape?info_hash="+anyHash, sorry, http.StatusOK) })
			askers.Wait()
			c.signalFrontends(t, syscall.SIGCONT)
			h := newAddress(t, 1)
			await(t, func() error {
				if n := c.httpFailed(t); n < 2*frontends {
					return fmt.Errorf("the frontends have seen %d of %d announces", n, 2*frontends)
				}
				return nil
			})
			await(t, func() error { return h.checkReply(announceOf(h), "5:peers0:", http.StatusOK) })

			c.signalFrontends(t, syscall.SIGKILL)
			h.expect(t, announceOf(h), sorry, http.StatusOK)
			for _, path := range []string{"/torrents/", "/scrape/" + strings.Repeat("AB", 20) + ".json", "/readyz"} {
				h.expect(t, path, "", http.StatusBadGateway, http.StatusServiceUnavailable)
			}
			await(t, func() error { return h.checkReply(announceOf(h), "5:peers", http.StatusOK) })
		})
	}
}

// A machine that opens 10,000 connections, some of which it has used, leaves room for others.
func TestIdleConnectionsLeaveRoom(t *testing.T) {
	// haproxy's bound for one address, and all that nginx has in scripts/cluster.
	for proxy, most := range map[string]int{"haproxy": 1000, "nginx": 4096} {
		t.Run(proxy, func(t *testing.T) {
			startCluster(t, proxy, "AUTO_REGISTER=true")
			hog := newAddress(t, 1)
			dialer := hog.dialer()
			open := make([]net.Conn, 0, 10_000)
			defer func() {
				for _, conn := range open {
					conn.Close()
				}
			}()
			reply := make([]byte, 1<<10)
			for i := range cap(open) {
				conn, err := dialer.Dial("tcp", net.JoinHostPort(proxyHost, proxyPort))
				if errors.Is(err, syscall.ECONNRESET) {
					continue // the proxy closes at once what is too much
				} else if err != nil {
					t.Fatal(err)
				}
				open = append(open, conn)
				if i%4 != 0 {
					continue
				}
				conn.SetDeadline(time.Now().Add(time.Second))
				if _, err := fmt.Fprintf(conn, "GET /scrape?info_hash=%s HTTP/1.1\r\nHost: x\r\n\r\n", anyHash); err == nil {
					conn.Read(reply)
				}
			}
			var askers sync.WaitGroup
			for range 4 {
				h := newAddress(t, 2)
				askers.Go(func() {
					for range 50 {
						h.expect(t, announceOf(h), "5:peers", http.StatusOK)
					}
				})
			}
			askers.Wait()
			await(t, func() error {
				if n := countOpen(open); n > most {
					return fmt.Errorf("%d of its connections are open, more than %d", n, most)
				}
				return nil
			})
		})
	}
}

// countOpen is how many connections the other side has not closed.
func countOpen(all []net.Conn) (open int) {
	for _, conn := range all {
		conn.SetReadDeadline(time.Now().Add(time.Millisecond / 10))
		var timeout net.Error
		if _, err := conn.Read(make([]byte, 1<<10)); errors.As(err, &timeout) && timeout.Timeout() {
			open++
		}
	}
	return open
}

// anyHash is an info hash, as a query has it.
const anyHash = "aaaaaaaaaaaaaaaaaaaa"

// announceOf is a leecher's, that is known by its address.
func announceOf(h host) string {
	id := fmt.Sprintf("-XX0001-%012x", h.addr.As4())
	return "/announce?info_hash=" + anyHash + "&port=6881&left=1&compact=1&peer_id=" + url.QueryEscape(id)
}

func (h host) dialer() *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: h.addr.AsSlice()}, Timeout: 10 * time.Second}
}

func (h host) expect(t testing.TB, path, part string, statuses ...int) {
	t.Helper()
	if err := h.checkReply(path, part, statuses...); err != nil {
		t.Error(err)
	}
}

// checkReply lets the host ask the proxy over a connection of its own. The reply must have a part,
// and one of the statuses.
func (h host) checkReply(path, part string, statuses ...int) error {
	transport := &http.Transport{DialContext: h.dialer().DialContext, DisableKeepAlives: true}
	client := http.Client{Transport: transport, Timeout: 20 * time.Second}
	resp, err := client.Get(trackerURL + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !slices.Contains(statuses, resp.StatusCode) || !strings.Contains(string(body), part) {
		return fmt.Errorf("%s: %s %q, %w", path, resp.Status, body, err)
	}
	return nil
}

// signalFrontends sends all frontends a signal.
func (c cluster) signalFrontends(t testing.TB, s syscall.Signal) {
	t.Helper()
	for n := range frontends {
		if err := syscall.Kill(c.pid(t, fmt.Sprintf("frontend%d", n+1)), s); err != nil {
			t.Fatal(err)
		}
	}
}

// httpFailed is how many announces the frontends could not answer.
func (c cluster) httpFailed(t testing.TB) (all int) {
	t.Helper()
	for _, n := range c.counts(t, `p2ptracker_http_requests_total{outcome="failed"}`) {
		all += n
	}
	return all
}

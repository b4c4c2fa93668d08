package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
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
				askers.Go(func() { h.expect(t, announceOf(h), http.StatusOK, sorry) })
			}
			askers.Go(func() { newAddress(t, 1).expect(t, "/scrape?info_hash="+anyHash, http.StatusOK, sorry) })
			askers.Wait()
			c.signalFrontends(t, syscall.SIGCONT)
			h := newAddress(t, 1)
			await(t, func() error { return h.checkReply(announceOf(h), http.StatusOK, "8:intervali") })
			await(t, func() error {
				if n := c.httpFailed(t); n < 2*frontends {
					return fmt.Errorf("the frontends have seen %d of %d announces", n, 2*frontends)
				}
				return nil
			})
			await(t, func() error { return h.checkReply(announceOf(h), http.StatusOK, "5:peers0:") })

			c.signalFrontends(t, syscall.SIGKILL)
			h.expect(t, announceOf(h), http.StatusOK, sorry)
			for _, path := range []string{"/torrents/", "/scrape/" + strings.Repeat("AB", 20) + ".json", "/readyz"} {
				if err := h.checkReply(path, http.StatusServiceUnavailable, ""); err != nil && h.checkReply(path, http.StatusBadGateway, "") != nil {
					t.Error(err)
				}
			}
			await(t, func() error { return h.checkReply(announceOf(h), http.StatusOK, "5:peers") })
		})
	}
}

// A machine that opens 10,000 connections, some of which it has used, leaves room for others.
func TestIdleConnectionsLeaveRoom(t *testing.T) {
	for _, proxy := range []string{"haproxy", "nginx"} {
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
			for range 20 {
				h := newAddress(t, 2)
				askers.Go(func() {
					for range 10 {
						h.expect(t, announceOf(h), http.StatusOK, "5:peers")
					}
				})
			}
			askers.Wait()
			if n := countOpen(open); n > 4000 {
				t.Errorf("%d of its connections are open", n)
			} else {
				t.Logf("%d of its connections are open", n)
			}
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

func (h host) expect(t testing.TB, path string, status int, part string) {
	t.Helper()
	if err := h.checkReply(path, status, part); err != nil {
		t.Error(err)
	}
}

// checkReply lets the host ask the proxy over a connection of its own.
func (h host) checkReply(path string, status int, part string) error {
	client := http.Client{Transport: &http.Transport{DialContext: h.dialer().DialContext, DisableKeepAlives: true}, Timeout: 20 * time.Second}
	resp, err := client.Get(trackerURL + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !strings.Contains(string(body), part) {
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

package bthttp_test

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

// However long an answer takes, it is sent, and its connection is kept: the time for the first
// request ended meanwhile, or that between two requests was nearly over when the request came.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	swarm := newBlockedSwarm()
	for name, test := range map[string]struct {
		first, idle   time.Duration
		before, after time.Duration // the request, until it is sent and until it is answered
		asked         bool          // something before
	}{
		"first": {500 * time.Millisecond, time.Hour, 50 * time.Millisecond, 600 * time.Millisecond, false},
		"idle":  {time.Hour, 3 * time.Second, 1500 * time.Millisecond, 2 * time.Second, true},
	} {
		bounds := bthttp.Bounds{Connections: 10, First: test.first, Idle: test.idle}
		server := startBounded(t, swarm, plain, bounds, quiet)
		conn := dial(t, server.addr)
		reader := bufio.NewReader(conn)
		if test.asked {
			ask(t, conn, reader, get(scrape, "HTTP/1.1"))
		}
		time.Sleep(test.before)
		send(t, conn, get(announce, "HTTP/1.1"))
		<-swarm.begun
		time.Sleep(test.after)
		swarm.keepOpen <- struct{}{}
		for range 2 {
			if raw, _ := readReply(t, reader); !strings.HasPrefix(string(raw), "HTTP/1.1 200 OK\r\n") {
				t.Errorf("%s: reply is %q", name, raw)
			}
			send(t, conn, get(scrape, "HTTP/1.1"))
		}
	}
}

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const announceHead = "GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1 HTTP/1.1\r\nHost: x\r\n"

// slowSwarm answers when it is let go.
type slowSwarm struct {
	fixedSwarm
	begun, goOn chan struct{}
}

func (s *slowSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.begun <- struct{}{}
	<-s.goOn
	return tracker.AnnounceResponse{}, nil
}

// Announces and others that are under way are finished, and both servers end.
func TestStopFinishesAnnounces(t *testing.T) {
	swarm := &slowSwarm{begun: make(chan struct{}), goOn: make(chan struct{})}
	begun, goOn := make(chan struct{}), make(chan struct{})
	addr, stop, done := startServer(t, swarm, func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		io.WriteString(w, "finished")
	}, patience)
	announces, other, idle := dial(t, addr), dial(t, addr), dial(t, addr)
	io.WriteString(announces, announceHead+"\r\n")
	<-swarm.begun
	io.WriteString(other, "GET /torrents HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	stop()
	awaitRefusal(t, addr)
	select {
	case err := <-done:
		t.Fatalf("the server ended with requests in flight: %v", err)
	default:
	}
	swarm.goOn <- struct{}{}
	close(goOn)
	for conn, want := range map[net.Conn]string{announces: "d8:complete", other: "finished"} {
		reply, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(reply), want) || !strings.Contains(string(reply), "\r\nConnection: close\r\n") {
			t.Errorf("reply is %q, %v", reply, err)
		}
	}
	idle.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Limits are those of net/http also for what begins as an announce.
func TestLimitsOfAnnounces(t *testing.T) {
	t.Parallel()
	addr, _, _ := startServer(t, fixedSwarm{}, func(http.ResponseWriter, *http.Request) { t.Error("reached the handler") }, patience)
	long := dial(t, addr)
	go io.WriteString(long, announceHead+"X-Y: "+strings.Repeat("a", 64<<10)+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(long), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", resp.StatusCode)
	}
	for name, begins := range map[string]string{"nothing": "", "a part": announceHead + "X-"} {
		conn := dial(t, addr)
		io.WriteString(conn, begins)
		// Whatever it says at the end, it ends before the test's own deadline.
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("who sends %s is not closed: %v", name, err)
		}
	}
}

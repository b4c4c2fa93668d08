package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An operator ends a transfer and tells its clients to stop. Those that know each other go on to
// exchange the payload; who announces afterwards is told so once, and does not ask again.
func TestEnding(t *testing.T) {
	c := startCluster(t, "haproxy", "DEBUG=true", "ACTIVE_INTERVAL=15")
	s := newSwarm(t, c, "ended", 8*mebibyte)
	s.seed(t, 1, "slow aria2")
	names := []string{"aria2", "transmission", "rtorrent", "libtorrent", "qbittorrent"}
	for _, name := range names {
		s.fetch(t, 1, name)
	}
	s.awaitAnnounced(t)
	s.await(t, s.checkConnected)
	s.stop(t)
	if s.checkPayloads(t) == nil {
		t.Fatal("the transfer was over before its end")
	}

	late := &swarm{cluster: c, payload: s.payload, hash: s.hash, connections: map[connection]bool{}}
	for _, name := range names {
		if name == "aria2" {
			late.seed(t, 1, name) // one that lacks something and knows nobody asks every two minutes, whatever it is told
		} else {
			late.fetch(t, 1, name)
		}
	}
	await(t, func() error {
		for _, m := range late.members {
			if c.toldToStop(t, m) == 0 {
				return fmt.Errorf("%v has not announced", m)
			}
		}
		return nil
	})
	// By then each would have come back after any other failure, but aria2.
	until := time.Now().Add(45 * time.Second)
	s.await(t, func() error { return s.checkPayloads(t) })
	time.Sleep(time.Until(until))
	for _, m := range late.members {
		if n := c.toldToStop(t, m); n != 1 {
			t.Errorf("%v was told to stop %d times", m, n)
		}
	}
}

// checkConnected finds who was never seen connected with another member.
func (s *swarm) checkConnected() error {
	knows := map[netip.Addr]bool{}
	for c := range s.connections {
		knows[c.local] = true
	}
	for _, m := range s.members {
		if !knows[m.addr] {
			return fmt.Errorf("%v knows nobody yet", m)
		}
	}
	return nil
}

// stop ends the transfer, and tells its clients to stop.
func (s *swarm) stop(t testing.TB) {
	t.Helper()
	request, err := http.NewRequest(http.MethodDelete, trackerURL+"/transfers/"+s.hash+".json?stop=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	var reply struct {
		Deactivated []string
		Clients     string
	}
	err = ask(request, http.StatusOK, &reply)
	if err == nil && !strings.Contains(reply.Clients, "told to stop") {
		err = errors.New("the reply does not say what clients do")
	}
	if err != nil {
		t.Fatalf("%+v, %v", reply, err)
	}
}

// toldToStop counts in the frontends' logs how often a client was.
func (c cluster) toldToStop(t testing.TB, m *member) (count int) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(c.dir, "frontend*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "transfer has ended") && strings.HasSuffix(line, "client="+m.addr.String()+"\n") {
				count++
			}
		}
	}
	return count
}

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// A host is restarted in the middle of a push. aria2 is another peer id then, at another port: the
// machine counts once, and the push is complete when it has everything. So it is after one more restart,
// when it has everything from the start.
func TestResumedHostCountsOnce(t *testing.T) {
	s := newSwarm(t, startCluster(t, "haproxy"), "resumed", 3*mebibyte)
	s.seed(t, 1, "slow aria2")
	m := s.fetch(t, 2, "aria2")
	s.await(t, func() error {
		if have, _ := s.payload.pieces(m.file); have == 0 {
			return errors.New("nothing has arrived yet")
		}
		return nil
	})
	m.restart(t, 7001)
	s.await(t, func() error { return s.checkPayloads(t) })
	s.await(t, s.checkStatistics)
	m.restart(t, 7002)
	s.await(t, func() error {
		var hosts struct {
			Hosts []struct{ Address, State string }
		}
		if err := s.cluster.get("/transfers/hosts/"+s.hash+".json?rack="+rackName(2), &hosts); err != nil {
			return err
		}
		want := fmt.Sprintf("[{%v:7002 seeding}]", m.addr)
		if got := fmt.Sprint(hosts.Hosts); got != want {
			return fmt.Errorf("hosts %s instead of %s", got, want)
		}
		return nil
	})
	s.await(t, s.checkStatistics)
}

// restart ends an aria2 as Ctrl-C does, and starts it again where it was, at another port.
func (m *member) restart(t testing.TB, port int) {
	t.Helper()
	if err := syscall.Kill(-m.PID, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.Ended:
	case <-time.After(patience):
		t.Fatalf("%v does not end", m)
	}
	dir := filepath.Dir(filepath.Dir(m.file))
	arguments, err := clients.Aria2(clients.Host{Dir: dir, Addr: m.addr})
	if err != nil {
		t.Fatal(err)
	}
	command := netlab.Inside(m.name, append(arguments, fmt.Sprint("--listen-port=", port))...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	m.Process = start(t, command, filepath.Join(dir, fmt.Sprint("aria2-", port, ".log")), syscall.SIGKILL)
}

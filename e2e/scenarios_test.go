package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const mebibyte = 1 << 20

// Each client is once the only one that has the payload, and fetches it in every
// swarm, in both racks. In rack 2 the first two become representatives and the
// others depend on them; each client is twice the one and twice the other.
func TestSwarms(t *testing.T) {
	c := startCluster(t, "haproxy")
	names := []string{"aria2", "transmission", "rtorrent", "libtorrent"}
	for i, seeder := range names {
		order := slices.Concat(names[i:], names[:i])
		t.Run(seeder, func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, c, "from-"+seeder, 4*mebibyte+12345)
			s.seed(t, 1, seeder)
			s.fetch(t, 1, order[1])
			s.fetch(t, 2, order[0])
			s.fetch(t, 2, order[1])
			s.awaitAnnounced(t)
			first := slices.Clone(s.members)
			s.fetch(t, 1, order[2])
			s.fetch(t, 1, order[3])
			s.fetch(t, 2, order[2])
			s.fetch(t, 2, order[3])
			s.finish(t)
			if named := s.representatives(t); !slices.Equal(named, first) {
				t.Errorf("representatives are %v instead of those who came first, %v", named, first)
			}
		})
	}
}

// With nginx as the proxy.
func TestNginx(t *testing.T) {
	s := newSwarm(t, startCluster(t, "nginx"), "through-nginx", 2*mebibyte)
	s.seed(t, 1, "aria2")
	s.fetch(t, 2, "aria2")
	s.finish(t)
}

// A frontend crashes and Redis forgets the scripts while a host fetches: neither
// it nor those who come later notice.
func TestFrontendCrashes(t *testing.T) {
	c := startCluster(t, "haproxy")
	s := newSwarm(t, c, "through-a-crash", 3*mebibyte)
	s.seed(t, 1, "slow aria2")
	early := s.fetch(t, 2, "libtorrent")
	s.await(t, func() error {
		if have, _ := s.payload.pieces(early.file); have == 0 {
			return errors.New("nothing has arrived yet")
		}
		return nil
	})
	c.kill(t, "frontend2")
	c.flushScripts(t)
	if have, all := s.payload.pieces(early.file); have == all {
		t.Fatal("the transfer was over before the crash")
	}
	s.fetch(t, 1, "transmission")
	s.fetch(t, 1, "rtorrent")
	s.fetch(t, 2, "aria2")
	s.fetch(t, 2, "rtorrent")
	s.finish(t)
}

// Redis, a frontend, the SMDB and the proxy die while a host fetches. The cluster starts them
// again, Redis on its data, and the push goes on.
func TestClusterHeals(t *testing.T) {
	for _, proxy := range []string{"haproxy", "nginx"} {
		t.Run(proxy, func(t *testing.T) {
			c := startCluster(t, proxy)
			s := newSwarm(t, c, "through-bad-days", 2*mebibyte)
			s.seed(t, 1, "slow aria2")
			s.fetch(t, 2, "libtorrent")
			s.awaitAnnounced(t)
			for _, name := range []string{"redis", "frontend1", "smdb", proxy} {
				dead := c.kill(t, name)
				s.await(t, func() error {
					if c.pid(t, name) == dead {
						return fmt.Errorf("%s is not back", name)
					}
					return c.checkReady(proxyHost + ":" + proxyPort)
				})
			}
			s.fetch(t, 1, "aria2")
			s.finish(t)
		})
	}
}

// checkProbed looks whether a representative has answered a probe.
func (s *swarm) checkProbed(m *member) error {
	key := fmt.Sprintf("{%s}:peer:%v:%d", s.hash, m.addr, peerPort)
	out, err := exec.Command("redis-cli", "-p", redisPort, "HGET", key, "reachable").Output()
	if err == nil && strings.TrimSpace(string(out)) != "True" {
		err = fmt.Errorf("%v is not known to be reachable: %q", m, out)
	}
	return err
}

// Both representatives of a rack are killed while its hosts fetch: the others have the
// payload in the end, long before the dead are due, since probes find that out.
func TestRepresentativesDie(t *testing.T) {
	c := startCluster(t, "haproxy", "ACTIVE_INTERVAL=15", "REPR_PROBE_INTERVAL=2")
	s := newSwarm(t, c, "from-the-dead", 3*mebibyte)
	s.seed(t, 1, "slow aria2")
	representatives := []*member{s.fetch(t, 2, "aria2"), s.fetch(t, 2, "libtorrent")}
	s.awaitAnnounced(t)
	survivors := []*member{s.fetch(t, 2, "aria2"), s.fetch(t, 2, "transmission"), s.fetch(t, 2, "aria2")}
	s.awaitAnnounced(t)
	for _, m := range representatives {
		s.await(t, func() error { return s.checkProbed(m) })
	}
	for _, m := range representatives {
		if have, all := s.payload.pieces(m.file); have == all {
			t.Fatalf("%v had everything before it was killed", m)
		}
		m.kill(t)
	}
	s.await(t, func() error { return s.checkPayloads(t) })
	for _, m := range s.representatives(t) {
		if m.rack == 2 && !slices.Contains(survivors, m) {
			t.Errorf("%v represents its rack, and is dead", m)
		}
	}
}

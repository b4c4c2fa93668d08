package e2e

import (
	"errors"
	"slices"
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
	c.killFrontend(t, 2)
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

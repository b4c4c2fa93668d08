package redistest

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// slots of a Redis Cluster.
const slots = 16384

// StartCluster runs a Redis Cluster of three masters without replicas until the
// test ends. Redis takes two seconds for that.
func StartCluster(tb TB) []*Server {
	tb.Helper()
	const masters = 3
	servers := make([]*Server, masters)
	for i := range servers {
		_, bus, _ := net.SplitHostPort(freeAddr(tb))
		servers[i] = start(tb, "--cluster-enabled", "yes", "--cluster-port", bus)
		servers[i].must("CLUSTER ADDSLOTSRANGE %d %d", i*slots/masters, (i+1)*slots/masters-1)
		host, port, _ := net.SplitHostPort(servers[i].Addr)
		servers[0].must("CLUSTER MEET %s %s %s", host, port, bus)
	}
	for _, s := range servers {
		s.awaitCluster(masters)
	}
	return servers
}

func (s *Server) must(format string, args ...any) {
	s.tb.Helper()
	command := fmt.Sprintf(format, args...)
	if reply, err := s.ask(command); err != nil || !strings.HasPrefix(reply, "+OK") {
		s.tb.Fatalf("%s: %q %v", command, reply, err)
	}
}

// awaitCluster waits until the server knows that each slot has a master.
func (s *Server) awaitCluster(masters int) {
	s.tb.Helper()
	for range 1000 {
		info, _ := s.ask("CLUSTER INFO")
		if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_size:%d\r\n", masters)) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.tb.Fatalf("redis-server at %s sees no whole cluster", s.Addr)
}

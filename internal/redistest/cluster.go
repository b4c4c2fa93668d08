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

// AddReplica adds a replica of a cluster's first master.
func AddReplica(tb TB, cluster []*Server) *Server {
	tb.Helper()
	_, bus, _ := net.SplitHostPort(freeAddr(tb))
	s := start(tb, "--cluster-enabled", "yes", "--cluster-port", bus)
	host, port, _ := net.SplitHostPort(s.Addr)
	cluster[0].must("CLUSTER MEET %s %s %s", host, port, bus)
	s.awaitCluster(len(cluster))
	id, _ := cluster[0].ask("CLUSTER MYID")
	_, id, _ = strings.Cut(id, "\r\n")
	id, _, _ = strings.Cut(id, "\r\n")
	s.must("CLUSTER REPLICATE %s", id)
	for range 1000 {
		nodes, _ := cluster[0].ask("CLUSTER NODES")
		info, _ := cluster[0].ask("INFO replication")
		if strings.Contains(nodes, "slave "+id) && strings.Contains(info, "state=online") {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("the cluster knows no replica of %s", id)
	return nil
}

package redistest

import (
	"fmt"
	"net"
	"strings"
)

// slots of a Redis Cluster.
const slots = 16384

// NewCluster runs a Redis Cluster of three masters without replicas, until each is closed. Redis
// takes two seconds for that.
func NewCluster() (servers []*Server, err error) {
	const masters = 3
	defer func() {
		if err != nil {
			CloseAll(servers)
		}
	}()
	for i := range masters {
		s, err := newNode()
		if err != nil {
			return servers, err
		}
		servers = append(servers, s)
		if err := s.command("CLUSTER ADDSLOTSRANGE %d %d", i*slots/masters, (i+1)*slots/masters-1); err != nil {
			return servers, err
		}
		if err := servers[0].meet(s); err != nil {
			return servers, err
		}
	}
	for _, s := range servers {
		if err := s.awaitCluster(masters); err != nil {
			return servers, err
		}
	}
	return servers, nil
}

// CloseAll closes all servers of a cluster.
func CloseAll(servers []*Server) {
	for _, s := range servers {
		s.Close()
	}
}

// NewReplica adds a replica of a cluster's first master.
func NewReplica(cluster []*Server) (*Server, error) {
	s, err := newNode()
	if err != nil {
		return nil, err
	}
	if err := s.replicate(cluster); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) replicate(cluster []*Server) error {
	master := cluster[0]
	if err := master.meet(s); err != nil {
		return err
	}
	if err := s.awaitCluster(len(cluster)); err != nil {
		return err
	}
	reply, _ := master.ask("CLUSTER MYID")
	_, reply, _ = strings.Cut(reply, "\r\n")
	id, _, _ := strings.Cut(reply, "\r\n")
	if err := s.command("CLUSTER REPLICATE %s", id); err != nil {
		return err
	}
	return await("the cluster knows no replica of "+id, func() bool {
		nodes, _ := master.ask("CLUSTER NODES")
		info, _ := master.ask("INFO replication")
		return strings.Contains(nodes, "slave "+id) && strings.Contains(info, "state=online")
	})
}

// newNode has a free port for the cluster's own connections, too.
func newNode() (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, bus, _ := net.SplitHostPort(addr)
	s, err := New("--cluster-enabled", "yes", "--cluster-port", bus)
	if err == nil {
		s.bus = bus
	}
	return s, err
}

// meet tells a node of another one.
func (s *Server) meet(other *Server) error {
	host, port, _ := net.SplitHostPort(other.Addr)
	return s.command("CLUSTER MEET %s %s %s", host, port, other.bus)
}

// command expects OK.
func (s *Server) command(format string, args ...any) error {
	command := fmt.Sprintf(format, args...)
	reply, err := s.ask(command)
	if err == nil && !strings.HasPrefix(reply, "+OK") {
		err = fmt.Errorf("%.200q", reply)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// awaitCluster waits until the server knows that each slot has a master.
func (s *Server) awaitCluster(masters int) error {
	return await("redis-server at "+s.Addr+" sees no whole cluster", func() bool {
		info, _ := s.ask("CLUSTER INFO")
		return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_size:%d\r\n", masters))
	})
}

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// site is a tracker that runs, with all it is made of.
type site struct {
	name      string
	targets   []string
	processes map[string][]int // pids by "frontend" and "redis"
	redis     []string         // addresses of its Redis servers
	udp       bool             // it answers over UDP
}

// startOpentracker runs the tracker of the Debian package, which answers only for the info
// hashes in a file, and takes hosts' addresses from their connections.
func (b *bed) startOpentracker(workloads []workload) *site {
	dir := b.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // it reads it as user nobody
		b.Fatal(err)
	}
	var list strings.Builder
	for _, w := range workloads {
		for n := range w.transfers {
			_, hash := w.torrent(n)
			fmt.Fprintln(&list, hex.EncodeToString(hash[:]))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "hashes"), []byte(list.String()), 0o644); err != nil { //nolint:gosec // likewise
		b.Fatal(err)
	}
	port := b.freePort()
	address := "127.0.0.1:" + port
	pid := b.start("opentracker", nil, "opentracker", "-i", "127.0.0.1", "-p", port, "-P", port, "-d", dir, "-u", "nobody", "-w", "hashes")
	b.await("opentracker", func() error {
		conn, err := dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	return &site{name: "opentracker", targets: []string{address}, processes: map[string][]int{"frontend": {pid}}, udp: true}
}

// startOurs runs frontends on Redis, or on a Redis Cluster of three masters, and registers
// the transfers of workloads.
func (b *bed) startOurs(name string, frontends int, cluster bool, workloads []workload, settings ...string) *site {
	servers := []*redistest.Server{}
	if cluster {
		servers = redistest.StartCluster(b)
	} else {
		servers = append(servers, redistest.Start(b))
	}
	s := &site{name: name, processes: map[string][]int{}}
	for _, server := range servers {
		b.pin(server.PID)
		s.redis = append(s.redis, server.Addr)
		s.processes["redis"] = append(s.processes["redis"], server.PID)
	}
	host, redisPort, _ := net.SplitHostPort(servers[0].Addr)
	for n := range frontends {
		port := b.freePort()
		program := filepath.Join(b.dir, "p2ptracker")
		log := fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), n+1)
		pid := b.start(log, append([]string{
			"P2PTRACKER_HOST=127.0.0.1", "P2PTRACKER_PORT=" + port,
			"P2PTRACKER_REDISHOST=" + host, "P2PTRACKER_REDISPORT=" + redisPort,
		}, settings...), program, "serve")
		s.processes["frontend"] = append(s.processes["frontend"], pid)
		s.targets = append(s.targets, "127.0.0.1:"+port)
		b.await(log, func() error { return get("http://127.0.0.1:" + port + "/readyz") })
	}
	s.udp = answersUDP(s.targets[0])
	for _, w := range workloads {
		for n := range w.transfers {
			b.register(s.targets[0], w, n)
		}
	}
	return s
}

func (b *bed) register(target string, w workload, n int) {
	file, _ := w.torrent(n)
	url := fmt.Sprintf("http://%s/torrents/%s.torrent", target, w.torrentName(n))
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	if err := do(req); err != nil {
		b.Fatal(err)
	}
}

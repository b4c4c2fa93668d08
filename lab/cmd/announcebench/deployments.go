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

// deployment is a tracker that runs, with all it is made of.
type deployment struct {
	name      string
	targets   []string
	processes map[string][]int // pids by "frontend" and "redis"
	redis     []string         // addresses of its Redis servers
	udp       bool             // it answers over UDP
}

// startOpentracker runs the tracker of the Debian package, which answers only for the info
// hashes in a file, and takes hosts' addresses from their connections.
func (e *environment) startOpentracker(workloads []workload) (*deployment, error) {
	dir, err := os.MkdirTemp(e.dir, "")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // it reads it as user nobody
		return nil, err
	}
	var list strings.Builder
	for _, w := range workloads {
		for n := range w.transfers {
			_, hash := w.torrent(n)
			fmt.Fprintln(&list, hex.EncodeToString(hash[:]))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "hashes"), []byte(list.String()), 0o644); err != nil { //nolint:gosec // likewise
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + port
	accepts := func() error {
		conn, err := dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	}
	pid, err := e.start("opentracker", accepts, nil, "opentracker", "-i", "127.0.0.1", "-p", port, "-P", port, "-d", dir, "-u", "nobody", "-w", "hashes")
	return &deployment{name: opentrackerName, targets: []string{address}, processes: map[string][]int{"frontend": {pid}}, udp: true}, err
}

// plan is a deployment of ours.
type plan struct {
	name      string
	program   string // p2ptracker by default
	frontends int    // 1 by default
	cluster   bool   // a Redis Cluster of three masters, not one server
	settings  []string
}

// startOurs runs a deployment of ours, and registers the transfers of workloads.
func (e *environment) startOurs(p plan, workloads ...workload) (*deployment, error) {
	d := &deployment{name: p.name, processes: map[string][]int{}}
	if err := e.startRedis(d, p.cluster); err != nil {
		return nil, err
	}
	for n := range max(p.frontends, 1) {
		if err := e.startFrontend(d, p, n+1); err != nil {
			return nil, err
		}
	}
	d.udp = answersUDP(d.targets[0])
	for _, w := range workloads {
		for n := range w.transfers {
			if err := register(d.targets[0], w, n); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func (e *environment) startRedis(d *deployment, cluster bool) error {
	servers, err := newRedis(cluster)
	if err != nil {
		return err
	}
	e.cleanup(func() { redistest.CloseAll(servers) })
	for _, server := range servers {
		if err := e.pin(server.PID); err != nil {
			return err
		}
		d.redis = append(d.redis, server.Addr)
		d.processes["redis"] = append(d.processes["redis"], server.PID)
	}
	return nil
}

func newRedis(cluster bool) ([]*redistest.Server, error) {
	if cluster {
		return redistest.NewCluster()
	}
	server, err := redistest.New()
	return []*redistest.Server{server}, err
}

func (e *environment) startFrontend(d *deployment, p plan, number int) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	program := filepath.Join(e.dir, "p2ptracker")
	if p.program != "" {
		program = p.program
	}
	host, redisPort, _ := net.SplitHostPort(d.redis[0])
	settings := append([]string{
		"P2PTRACKER_HOST=127.0.0.1", "P2PTRACKER_PORT=" + port,
		"P2PTRACKER_REDISHOST=" + host, "P2PTRACKER_REDISPORT=" + redisPort,
	}, p.settings...)
	log := fmt.Sprintf("%s-%d", strings.ReplaceAll(p.name, " ", "-"), number)
	ready := func() error { return get("http://127.0.0.1:" + port + "/readyz") }
	pid, err := e.start(log, ready, settings, program, "serve")
	d.processes["frontend"] = append(d.processes["frontend"], pid)
	d.targets = append(d.targets, "127.0.0.1:"+port)
	return err
}

func register(target string, w workload, n int) error {
	file, _ := w.torrent(n)
	url := fmt.Sprintf("http://%s/torrents/%s.torrent", target, w.torrentName(n))
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(file))
	if err != nil {
		return err
	}
	return do(req)
}

package main

import (
	"context"
	"crypto/sha1"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// deployment is a tracker that runs, with all it is made of.
type deployment struct {
	name      string
	targets   []string
	processes map[string][]int // pids by "frontend" and "redis"
	redis     []string         // addresses of its Redis servers
	udp       bool             // it answers over UDP
}

// startOpentracker runs it for the transfers of workloads.
func (e *environment) startOpentracker(ctx context.Context, workloads []workload) (*deployment, error) {
	var hashes [][sha1.Size]byte
	for _, w := range workloads {
		for n := range w.transfers {
			_, hash := w.torrent(n)
			hashes = append(hashes, hash)
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + port
	command, err := servers.Opentracker(filepath.Join(e.dir, "opentracker"), "127.0.0.1", port, hashes...)
	if err != nil {
		return nil, err
	}
	accepts := func() error {
		conn, err := dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	}
	pid, err := e.start(ctx, opentrackerName, accepts, nil, command...)
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
func (e *environment) startOurs(ctx context.Context, p plan, workloads ...workload) (*deployment, error) {
	d := &deployment{name: p.name, processes: map[string][]int{}}
	if err := e.startRedis(d, p.cluster); err != nil {
		return nil, err
	}
	for n := range max(p.frontends, 1) {
		if err := e.startFrontend(ctx, d, p, n+1); err != nil {
			return nil, err
		}
	}
	d.udp = answersUDP(d.targets[0])
	for _, w := range workloads {
		for n := range w.transfers {
			if err := register(ctx, d.targets[0], w, n); err != nil {
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

func (e *environment) startFrontend(ctx context.Context, d *deployment, p plan, number int) error {
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
	url := "http://127.0.0.1:" + port
	pid, err := e.start(ctx, log, answers(ctx, url+"/readyz"), settings, program, "serve")
	d.processes["frontend"] = append(d.processes["frontend"], pid)
	d.targets = append(d.targets, "127.0.0.1:"+port)
	return err
}

// answers is what start waits for.
func answers(ctx context.Context, url string) func() error {
	return func() error {
		_, err := servers.Get(ctx, url)
		return err
	}
}

func register(ctx context.Context, target string, w workload, n int) error {
	file, _ := w.torrent(n)
	url := fmt.Sprintf("http://%s/torrents/%s.torrent", target, w.torrentName(n))
	_, err := servers.Ask(ctx, http.MethodPost, url, "", file)
	return err
}

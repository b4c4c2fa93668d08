package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

const adminToken = "only those who know it register torrents"

// cluster is our tracker as scripts/cluster runs it: haproxy, frontends, a real Redis, and
// the SMDB stub, which knows where the hosts stand.
type cluster struct {
	*netlab.Process
	dir  string // of logs and pids
	hash [sha1.Size]byte
}

// startOurs builds nothing: bin holds the programs. Its settings are the defaults, but for
// the number of representatives and those that options name.
func (l *lab) startOurs(ctx context.Context, t *trial) (tracker, error) {
	c := &cluster{dir: filepath.Join(t.logs, "cluster"), hash: t.payload.hash}
	hosts := filepath.Join(t.dir, "hosts")
	if err := os.WriteFile(hosts, []byte(t.network.hostsFile()), 0o600); err != nil {
		return nil, err
	}
	frontends := max(l.options.frontends, faults[t.Fault].frontends)
	command := netlab.Inside(core, filepath.Join(l.root, "scripts", "cluster"))
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "PROXY=haproxy", "FRONTENDS=" + strconv.Itoa(frontends),
		"CLUSTER_HOST=" + coreHost, "CLUSTER_PORT=" + trackerPort, "CLUSTER_DIR=" + c.dir, "CLUSTER_BIN=" + l.bin, "HOSTS=" + hosts,
		"P2PTRACKER_ADMIN_TOKEN=" + adminToken,
		"P2PTRACKER_SMDB_FIELDS=" + strings.Join(fields(len(l.options.Groups)), ","),
		"P2PTRACKER_MAX_REPR_RACK=" + strconv.Itoa(t.Representatives),
	}
	for _, setting := range l.options.settings {
		command.Env = append(command.Env, "P2PTRACKER_"+setting)
	}
	log := filepath.Join(t.logs, "cluster.log")
	var err error
	if c.Process, err = netlab.Start(command, log, syscall.SIGTERM); err != nil {
		return nil, err
	}
	if err = servers.Await(ctx, "scripts/cluster", func() error {
		text, err := os.ReadFile(log)
		if err == nil && !strings.HasSuffix(string(text), "\nready\n") {
			err = errors.New(string(text))
		}
		return err
	}); err == nil {
		_, err = servers.Ask(ctx, http.MethodPost, trackerURL+"/torrents/"+payloadName+".torrent", adminToken, t.payload.torrent)
	}
	if err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// fields are those of the SMDB that make a path of so many groups.
func fields(depth int) (names []string) {
	for _, level := range levels[len(levels)-depth:] {
		names = append(names, level.field)
	}
	return names
}

// hostsFile is what the SMDB stub reads.
func (n *network) hostsFile() string {
	var text strings.Builder
	for _, h := range n.all() {
		outer := len(h.location) - 1
		fmt.Fprintf(&text, "%v %s %s", h.addr, h.namespace, h.location[outer])
		for i, name := range fields(len(h.location))[:outer] {
			fmt.Fprintf(&text, " %s=%s", name, h.location[i])
		}
		fmt.Fprintln(&text)
	}
	return text.String()
}

func (c *cluster) representatives(ctx context.Context, n *network) ([]*host, error) {
	reply, err := servers.Get(ctx, trackerURL+"/transfers/representants/"+hex.EncodeToString(c.hash[:])+".json")
	if err != nil {
		return nil, err
	}
	var named struct{ Representants []netip.AddrPort }
	if err := json.Unmarshal(reply, &named); err != nil {
		return nil, err
	}
	return n.hostsAt(named.Representants), nil
}

func (c *cluster) killFrontend() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "frontend1.pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

func (c *cluster) stop() { c.Stop() }

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/clients"
)

const peerPort = clients.Port

// client is a BitTorrent client. It writes what it needs into the host's directory and
// returns the command that takes part in the swarm.
type client func(h host, at clients.Host) ([]string, error)

// clientNamed is one of internal/clients, or a variety that only tests need.
func clientNamed(name string) client {
	if special, ok := specialClients[name]; ok {
		return special
	}
	return func(_ host, at clients.Host) ([]string, error) { return clients.All[name](at) }
}

var specialClients = map[string]client{
	"slow aria2":    slowAria2,
	"address aria2": addressAria2,
	"UDP aria2":     udpAria2,
}

// addressAria2 is one at an address that shares its namespace with others.
func addressAria2(h host, at clients.Host) ([]string, error) {
	command, err := clients.Aria2(at)
	return append(command, "--interface="+h.addr.String(), fmt.Sprint("--listen-port=", h.addressPort())), err
}

// addressPort is a port that no other such host has.
func (h host) addressPort() int { return 10_000 + int(h.addr.As4()[3]) }

// udpAria2 asks UDP trackers, too: it does so only with its DHT, which takes no part in
// private torrents, and finds nobody here.
func udpAria2(_ host, at clients.Host) ([]string, error) {
	command, err := clients.Aria2(at)
	return append(command, "--enable-dht=true", "--dht-file-path="+filepath.Join(at.Dir, "dht.dat")), err
}

// slowAria2 sends 256 KiB/s at most.
func slowAria2(_ host, at clients.Host) ([]string, error) {
	command, err := clients.Aria2(at)
	return append(command, "--max-overall-upload-limit=256K"), err
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

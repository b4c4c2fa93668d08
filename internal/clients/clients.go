// Package clients knows how to run BitTorrent clients as users are told to: with DHT, peer
// exchange and local discovery off, and over TCP alone. The end-to-end tests and the uplink
// laboratory use it.
package clients

import (
	"net/netip"
	"os"
	"path/filepath"
)

// Port is where each client listens for peers.
const Port = 6881

// Host is where a client runs: a namespace with one address, and a directory, in which
// watch/ holds the torrent file, payload/ what there is of the payload, and session/ is the
// client's own.
type Host struct {
	Dir  string
	Addr netip.Addr
	// Discovery leaves DHT, peer exchange and local discovery on. No client uses them for a
	// private torrent.
	Discovery bool
}

// Client writes what it needs into the host's directory and returns the command that takes
// part in the swarm for good: it seeds what is there and fetches what is not.
type Client func(Host) ([]string, error)

// All are the clients by name.
var All = map[string]Client{
	"aria2":          Aria2,
	"libtorrent":     Libtorrent,
	"qbittorrent":    QBittorrent,
	"rtorrent":       Rtorrent,
	"rtorrent-stock": RtorrentStock,
	"transmission":   Transmission,
}

// Prepare makes the directories of a host.
func (h Host) Prepare() error {
	for _, part := range []string{"payload", "session", "watch"} {
		if err := os.MkdirAll(filepath.Join(h.Dir, part), 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (h Host) payload() string { return filepath.Join(h.Dir, "payload") }

// torrents are the torrent files, of which there is one.
func (h Host) torrents() []string {
	found, _ := filepath.Glob(filepath.Join(h.Dir, "watch", "*.torrent"))
	return found
}

// write makes a file in the client's own directory.
func (h Host) write(content []byte, path ...string) (string, error) {
	file := filepath.Join(append([]string{h.Dir, "session"}, path...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, content, 0o600)
}

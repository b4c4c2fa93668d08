package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	python   = "/usr/bin/python3" // the one that Debian's libtorrent is for
	peerPort = 6881
)

// client is a BitTorrent client. It writes what it needs into dir and returns
// the command that takes part in the swarm of watch/NAME.torrent for good, with
// the payload in payload/NAME: it seeds what is there and fetches what is not.
// DHT, PEX, LSD and uTP are off.
type client func(t testing.TB, dir string, h host) []string

var clients = map[string]client{
	"aria2":         aria2,
	"libtorrent":    libtorrent,
	"rtorrent":      rtorrent,
	"transmission":  transmission,
	"slow aria2":    slowAria2,
	"address aria2": addressAria2,
	"UDP aria2":     udpAria2,
}

func aria2(_ testing.TB, dir string, _ host) []string {
	return []string{
		"aria2c", "--no-conf=true", "--dir=" + filepath.Join(dir, "payload"), fmt.Sprint("--listen-port=", peerPort),
		"--enable-dht=false", "--enable-dht6=false", "--enable-peer-exchange=false", "--bt-enable-lpd=false",
		"--check-integrity=true", "--seed-ratio=0.0", "--disable-ipv6=true", "--file-allocation=none",
		"--enable-color=false", "--console-log-level=info", "--show-console-readout=false", "--summary-interval=0",
		theTorrent(dir),
	}
}

// addressAria2 is one at an address that shares its namespace with others.
func addressAria2(t testing.TB, dir string, h host) []string {
	return append(aria2(t, dir, h), "--interface="+h.addr.String(), fmt.Sprint("--listen-port=", h.addressPort()))
}

// addressPort is a port that no other such host has.
func (h host) addressPort() int { return 10_000 + int(h.addr.As4()[3]) }

// udpAria2 asks UDP trackers, too: it does so only with its DHT, which takes no part in
// private torrents, and finds nobody here.
func udpAria2(t testing.TB, dir string, h host) []string {
	return append(aria2(t, dir, h), "--enable-dht=true", "--dht-file-path="+filepath.Join(dir, "dht.dat"))
}

// slowAria2 sends 256 KiB/s at most.
func slowAria2(t testing.TB, dir string, h host) []string {
	return append(aria2(t, dir, h), "--max-overall-upload-limit=256K")
}

func transmission(t testing.TB, dir string, h host) []string {
	settings, err := json.Marshal(map[string]any{
		"bind-address-ipv4":       h.addr.String(),
		"dht-enabled":             false,
		"lpd-enabled":             false,
		"pex-enabled":             false,
		"port-forwarding-enabled": false,
		"rpc-enabled":             false,
		"utp-enabled":             false,
		"peer-port":               peerPort,
		"download-dir":            filepath.Join(dir, "payload"),
		"watch-dir":               filepath.Join(dir, "watch"),
		"watch-dir-enabled":       true,
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "session", "settings.json"), settings)
	return []string{"transmission-daemon", "--foreground", "--log-info", "--config-dir", filepath.Join(dir, "session")}
}

// rtorrent runs on our etc/rtorrent.rc, with other directories.
func rtorrent(t testing.TB, dir string, _ host) []string {
	const directory = "/var/lib/rtorrent"
	rc, err := os.ReadFile("../etc/rtorrent.rc")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(rc), directory) {
		t.Fatalf("etc/rtorrent.rc has nothing in %s", directory)
	}
	path := filepath.Join(dir, "rtorrent.rc")
	write(t, path, []byte(strings.ReplaceAll(string(rc), directory, dir)))
	return []string{"rtorrent", "-n", "-o", "import=" + path}
}

func libtorrent(_ testing.TB, dir string, h host) []string {
	return []string{python, "testdata/client.py", theTorrent(dir), filepath.Join(dir, "payload"), h.addr.String(), strconv.Itoa(peerPort)}
}

// theTorrent is the one torrent file that is in dir.
func theTorrent(dir string) string {
	found, _ := filepath.Glob(filepath.Join(dir, "watch", "*.torrent"))
	return strings.Join(found, " ")
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

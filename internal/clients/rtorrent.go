package clients

import (
	"errors"
	"strings"

	"github.com/p2ptracker/p2ptracker/etc"
)

// directory is where etc/rtorrent.rc has everything.
const directory = "/var/lib/rtorrent"

// Rtorrent runs on our etc/rtorrent.rc, with other directories.
func Rtorrent(h Host) ([]string, error) {
	if !strings.Contains(etc.RtorrentRC, directory) {
		return nil, errors.New("etc/rtorrent.rc has nothing in " + directory)
	}
	rc := strings.ReplaceAll(etc.RtorrentRC, directory, h.Dir)
	if h.Discovery {
		rc += "dht.mode.set = auto\nprotocol.pex.set = yes\n"
	}
	return h.rtorrent(rc)
}

// RtorrentStock has no settings but those without which it cannot run here: when it has
// fetched the payload, it hashes it again.
func RtorrentStock(h Host) ([]string, error) {
	rc := "system.daemon.set = true\n" +
		"directory.default.set = " + h.Dir + "/payload\n" +
		"session.path.set = " + h.Dir + "/session\n" +
		"schedule2 = watch, 1, 5, \"load.start=" + h.Dir + "/watch/*.torrent\"\n"
	if !h.Discovery {
		rc += "dht.mode.set = disable\nprotocol.pex.set = no\n"
	}
	return h.rtorrent(rc)
}

func (h Host) rtorrent(rc string) ([]string, error) {
	rc += "log.open_file = \"out\", /dev/stdout\n"
	for _, group := range []string{"info", "torrent_debug", "tracker_debug"} {
		rc += "log.add_output = \"" + group + "\", \"out\"\n"
	}
	path, err := h.write([]byte(rc), "rtorrent.rc")
	return []string{"rtorrent", "-n", "-o", "import=" + path}, err
}

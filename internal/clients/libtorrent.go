package clients

import (
	_ "embed" // for the script
	"strconv"
)

// Python is the interpreter that Debian's libtorrent is for.
const Python = "/usr/bin/python3"

//go:embed libtorrent.py
var libtorrentScript []byte

// Libtorrent is Debian's Python module, with its defaults.
func Libtorrent(h Host) ([]string, error) {
	script, err := h.write(libtorrentScript, "client.py")
	if err != nil {
		return nil, err
	}
	command := append([]string{Python, script}, h.torrents()...)
	command = append(command, h.payload(), h.Addr.String(), strconv.Itoa(Port))
	if h.Discovery {
		command = append(command, "discovery")
	}
	return command, nil
}

package servers

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Opentracker is the command of the Debian package's tracker. It answers only for these info hashes, over
// HTTP and UDP, and takes hosts' addresses from their connections. A directory is made for it.
func Opentracker(dir, host, port string, hashes ...[sha1.Size]byte) ([]string, error) {
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // it reads it as user nobody
		return nil, err
	}
	var list strings.Builder
	for _, hash := range hashes {
		fmt.Fprintln(&list, hex.EncodeToString(hash[:]))
	}
	err := os.WriteFile(filepath.Join(dir, "hashes"), []byte(list.String()), 0o644) //nolint:gosec // likewise
	return []string{"opentracker", "-i", host, "-p", port, "-P", port, "-d", dir, "-u", "nobody", "-w", "hashes"}, err
}

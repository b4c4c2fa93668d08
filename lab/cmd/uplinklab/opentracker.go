package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// opentracker is that of the Debian package.
type opentracker struct{ *netlab.Process }

// startOpentracker lets it answer for the one torrent: it takes a file of info hashes.
func startOpentracker(dir, logs string, hash [sha1.Size]byte) (tracker, error) {
	hashes := filepath.Join(dir, "opentracker")
	if err := os.Mkdir(hashes, 0o755); err != nil { //nolint:gosec // it reads it as user nobody
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(hashes, "hashes"), []byte(hex.EncodeToString(hash[:])+"\n"), 0o644); err != nil { //nolint:gosec // likewise
		return nil, err
	}
	command := netlab.Inside(core, "opentracker", "-i", coreHost, "-p", trackerPort, "-d", hashes, "-u", "nobody", "-w", "hashes")
	process, err := netlab.Start(command, filepath.Join(logs, "opentracker.log"), syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	return &opentracker{process}, nil
}

func (*opentracker) representatives(context.Context, *network) ([]*host, error) { return nil, nil }
func (*opentracker) killFrontend() error                                        { return errors.New("opentracker has one process") }
func (t *opentracker) stop()                                                    { t.Stop() }

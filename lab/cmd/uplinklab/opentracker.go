package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"path/filepath"
	"syscall"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// opentracker is that of the Debian package.
type opentracker struct{ *netlab.Process }

// startOpentracker lets it answer for the one torrent.
func startOpentracker(dir, logs string, hash [sha1.Size]byte) (tracker, error) {
	command, err := servers.Opentracker(filepath.Join(dir, "opentracker"), coreHost, trackerPort, hash)
	if err != nil {
		return nil, err
	}
	process, err := netlab.Start(netlab.Inside(core, command...), filepath.Join(logs, "opentracker.log"), syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	return &opentracker{process}, nil
}

func (*opentracker) representatives(context.Context, *network) ([]*host, error) { return nil, nil }
func (*opentracker) killFrontend() error                                        { return errors.New("opentracker has one process") }
func (t *opentracker) stop()                                                    { t.Stop() }

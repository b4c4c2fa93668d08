package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// The trackers there are.
const (
	ours = "ours"
	flat = "opentracker" // it knows no racks
)

const (
	trackerPort = "6969"
	trackerURL  = "http://" + coreHost + ":" + trackerPort
)

// tracker is one that runs on the core, and has the payload's torrent.
type tracker interface {
	// representatives are the hosts of a rack that take part in the global swarm; those of a
	// tracker that knows no racks are none.
	representatives(ctx context.Context, n *network) ([]*host, error)
	// killFrontend ends one of several frontends at once.
	killFrontend() error
	stop()
}

// awaitSeeder waits until a tracker names one host that has everything.
func awaitSeeder(ctx context.Context, hash [sha1.Size]byte) error {
	address := trackerURL + "/scrape?info_hash=" + strings.ReplaceAll(url.QueryEscape(string(hash[:])), "+", "%20")
	return servers.Await(ctx, "the seeder's announce", func() error {
		reply, err := servers.Get(ctx, address)
		if err == nil && !bytes.Contains(reply, []byte("8:completei1e")) {
			err = fmt.Errorf("scrape: %q", reply)
		}
		return err
	})
}

// hostsAt are those at these addresses.
func (n *network) hostsAt(addresses []netip.AddrPort) (found []*host) {
	for _, a := range addresses {
		if h := n.host(a.Addr().Unmap()); h != nil {
			found = append(found, h)
		}
	}
	return found
}

package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// The trackers there are.
const (
	ours = "ours"
	flat = "opentracker" // it knows no racks
)

const (
	trackerPort = "6969"
	trackerURL  = "http://" + coreHost + ":" + trackerPort
	// readyBound is how long a tracker and the seeder may take to get ready.
	readyBound = 60 * time.Second
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

// direct asks without a proxy that the environment may name.
var direct = &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}

// awaitSeeder waits until a tracker names one host that has everything.
func awaitSeeder(ctx context.Context, hash [sha1.Size]byte) error {
	address := trackerURL + "/scrape?info_hash=" + strings.ReplaceAll(url.QueryEscape(string(hash[:])), "+", "%20")
	return await(ctx, "the seeder's announce", func() error {
		reply, err := ask(ctx, http.MethodGet, address, nil)
		if err == nil && !bytes.Contains(reply, []byte("8:completei1e")) {
			err = fmt.Errorf("scrape: %q", reply)
		}
		return err
	})
}

// await repeats a question until it is answered without an error.
func await(ctx context.Context, what string, question func() error) error {
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	for {
		err := question()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ask sends a request as the machine's own operator, and returns the body of a good reply.
func ask(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := direct.Do(request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, address, resp.Status, reply)
	}
	return reply, err
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

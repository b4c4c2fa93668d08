package sources

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/gaissmai/bart"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// subnetTable has the locations of networks.
type subnetTable struct {
	bart.Table[tracker.Location]
}

// find takes the longest prefix that holds the address.
func (t *subnetTable) find(ip netip.Addr) (tracker.Place, bool) {
	location, known := t.Lookup(ip)
	return tracker.Place{Location: location}, known
}

func (t *subnetTable) size() int { return t.Size() }

// parseSubnets reads a SUBNETS_FILE, a network and its path on each line:
//
//	# datacenter 1
//	10.1.4.0/23        dc1/r17
//	2001:db8:1:4::/64  dc1/FA 12
//
// Names may hold blanks; what follows a blank and a # is a comment. A network may be
// repeated, but not with another path. Errors name the line.
func parseSubnets(data []byte) (table, error) {
	t := &subnetTable{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(comment.ReplaceAllString(string(line), ""))
		if text == "" {
			continue
		}
		network, path := text, ""
		if i := strings.IndexAny(text, " \t"); i > 0 {
			network, path = text[:i], strings.TrimSpace(text[i:])
		}
		if err := t.add(network, path); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return t, nil
}

var comment = regexp.MustCompile(`(^|[\s\v\x{85}\p{Z}])#.*`) // behind what tracker.NewLocation drops from a name

func (t *subnetTable) add(network, path string) error {
	if path == "" {
		return fmt.Errorf("must be a network and a path like 10.1.4.0/23 dc1/r17, not %.80q", network)
	}
	prefix, err := tracker.ParsePrefix(network)
	if err != nil {
		return fmt.Errorf("%.80q is no network like 10.1.4.0/23: %w", network, err)
	}
	location, err := tracker.ParseLocation(path)
	if err != nil {
		return fmt.Errorf("path: %w", err)
	}
	if other, known := t.Get(prefix); known && other != location {
		return fmt.Errorf("%s is %s here and %s above", prefix, location, other)
	}
	t.Insert(prefix, location)
	return nil
}

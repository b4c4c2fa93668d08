package smdb

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// subnetTable says for networks where their hosts stand.
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
//	2001:db8:1:4::/64  dc1/r17
//
// A network may be repeated, but not with another path. Errors name the line.
func parseSubnets(data []byte) (table, error) {
	t := &subnetTable{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		words, _, _ := strings.Cut(string(line), "#")
		fields := strings.Fields(words)
		if len(fields) == 0 {
			continue
		}
		if err := t.add(fields); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return t, nil
}

func (t *subnetTable) add(fields []string) error {
	if len(fields) != 2 {
		return fmt.Errorf("must be a network and a path like 10.1.4.0/23 dc1/r17, not %d words", len(fields))
	}
	prefix, err := tracker.ParsePrefix(fields[0])
	if err != nil {
		return fmt.Errorf("%.80q is no network like 10.1.4.0/23: %w", fields[0], err)
	}
	location, err := tracker.ParseLocation(fields[1])
	if err != nil {
		return fmt.Errorf("path %.80q: %w", fields[1], err)
	}
	if other, known := t.Get(prefix); known && other != location {
		return fmt.Errorf("%s is %s here and %s above", prefix, location, other)
	}
	t.Insert(prefix, location)
	return nil
}

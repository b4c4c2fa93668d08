package sources

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// SubnetSettings say which subnets are racks.
type SubnetSettings struct {
	Subnets     string `envconfig:"SUBNETS" default:"24,64" desc:"prefix lengths, of IPv4 and of IPv6, of the subnets that count as racks"`
	SubnetsFile string `envconfig:"SUBNETS_FILE" desc:"file of networks and their paths, instead of SUBNETS: lines like 10.1.4.0/23 dc1/r17, the longest prefix wins; replace it by rename, and it is read again in 2 s, though known hosts follow after LOCATION_TTL if a remote source is before it"`
}

func (s *SubnetSettings) openSubnet(env smdb.Env) (smdb.Source, error) {
	if s.SubnetsFile != "" {
		source, err := openTableFile(s.SubnetsFile, parseSubnets, env.Log)
		return source, settingError("SUBNETS_FILE", err)
	}
	source, err := parseLengths(s.Subnets)
	return source, settingError("SUBNETS", err)
}

// parseLengths reads two lengths like "24,64".
func parseLengths(text string) (*subnet, error) {
	word4, word6, _ := strings.Cut(text, ",")
	n4, err4 := strconv.ParseUint(strings.TrimSpace(word4), 10, 8)
	n6, err6 := strconv.ParseUint(strings.TrimSpace(word6), 10, 8)
	if err4 != nil || err6 != nil {
		return nil, fmt.Errorf("must be two lengths like 24,64, not %.80q", text)
	}
	return newSubnet(int(n4), int(n6))
}

// subnet groups hosts by the network of their address: the first bits4 bits of IPv4 or bits6
// bits of IPv6.
type subnet struct {
	bits4, bits6 int
}

func newSubnet(bits4, bits6 int) (*subnet, error) {
	if bits4 < 1 || bits4 > 32 {
		return nil, fmt.Errorf("an IPv4 subnet has 1 to 32 bits, not %d", bits4)
	}
	if bits6 < 1 || bits6 > 128 {
		return nil, fmt.Errorf("an IPv6 subnet has 1 to 128 bits, not %d", bits6)
	}
	return &subnet{bits4: bits4, bits6: bits6}, nil
}

// prefixToGroup writes a prefix with the bytes that a group's name may hold.
var prefixToGroup = strings.NewReplacer("/", "_", ":", "-")

// Locate implements smdb.Source. It names the network: "10.1.2.0_24", "2001-db8-0-1--_64".
func (s *subnet) Locate(_ context.Context, ip netip.Addr) (tracker.Place, error) {
	bits := s.bits6
	if ip.Is4() {
		bits = s.bits4
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return tracker.Place{}, err
	}
	return tracker.Place{Location: tracker.Location(prefixToGroup.Replace(prefix.String()))}, nil
}

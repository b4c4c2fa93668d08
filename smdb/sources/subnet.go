package smdb

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// SubnetSettings say which subnets are racks.
type SubnetSettings struct {
	Subnets     string `envconfig:"SUBNETS" default:"24,64" desc:"lengths of the prefixes, of IPv4 and of IPv6, that make a rack"`
	SubnetsFile string `envconfig:"SUBNETS_FILE" desc:"file that says where the hosts of networks stand, instead of SUBNETS: lines like 10.1.4.0/23 dc1/r17, the longest prefix wins; read again when it changes, replace it by rename; behind a remote source a known host follows when it is asked for again"`
}

func (s *SubnetSettings) open(env Env) (Source, error) {
	if s.SubnetsFile != "" {
		source, err := openTableFile(s.SubnetsFile, parseSubnets, env.Log)
		if err != nil {
			return nil, fmt.Errorf("SUBNETS_FILE: %w", err)
		}
		return source, nil
	}
	bits4, bits6, err := parseLengths(s.Subnets)
	if err != nil {
		return nil, fmt.Errorf("SUBNETS: %w", err)
	}
	source, err := NewSubnet(bits4, bits6)
	if err != nil {
		return nil, fmt.Errorf("SUBNETS: %w", err)
	}
	return source, nil
}

// parseLengths reads two lengths like "24,64".
func parseLengths(text string) (bits4, bits6 int, err error) {
	word4, word6, _ := strings.Cut(text, ",")
	n4, err4 := strconv.ParseUint(strings.TrimSpace(word4), 10, 8)
	n6, err6 := strconv.ParseUint(strings.TrimSpace(word6), 10, 8)
	if err4 != nil || err6 != nil {
		return 0, 0, fmt.Errorf("must be two lengths like 24,64, not %.80q", text)
	}
	return int(n4), int(n6), nil
}

// Subnet groups hosts by the network their address is in. It never asks
// anybody, so it is a tracker.Locator as well as a Source.
type Subnet struct {
	bits4, bits6 int
}

// NewSubnet returns a Subnet whose networks have prefixes of bits4 bits for
// IPv4 (1 to 32) and of bits6 bits for IPv6 (1 to 128).
func NewSubnet(bits4, bits6 int) (*Subnet, error) {
	if bits4 < 1 || bits4 > 32 {
		return nil, fmt.Errorf("an IPv4 subnet has 1 to 32 bits, not %d", bits4)
	}
	if bits6 < 1 || bits6 > 128 {
		return nil, fmt.Errorf("an IPv6 subnet has 1 to 128 bits, not %d", bits6)
	}
	return &Subnet{bits4: bits4, bits6: bits6}, nil
}

// prefixToGroup writes a prefix with the bytes that a group's name may hold.
var prefixToGroup = strings.NewReplacer("/", "_", ":", "-")

// Locate names the host's network: "10.1.2.0_24", "2001-db8-0-1--_64".
func (s *Subnet) Locate(_ context.Context, ip netip.Addr) (tracker.Place, error) {
	if !ip.IsValid() {
		return tracker.Place{}, fmt.Errorf("%w: no address", tracker.ErrLocationUnknown)
	}
	ip = tracker.PlainAddr(ip)
	bits := s.bits6
	if ip.Is4() {
		bits = s.bits4
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: %w", tracker.ErrLocationUnknown, err)
	}
	return tracker.Place{Location: tracker.Location(prefixToGroup.Replace(prefix.String()))}, nil
}

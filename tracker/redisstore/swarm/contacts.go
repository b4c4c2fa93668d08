package swarm

import (
	"net/netip"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// readContacts reads hosts as they are handed out: one or two addresses, parted by a blank.
func readContacts(contacts []string) ([]tracker.Peer, error) {
	if len(contacts) == 0 {
		return nil, nil
	}
	peers := make([]tracker.Peer, len(contacts))
	for i, contact := range contacts {
		for contact != "" {
			var field string
			field, contact, _ = strings.Cut(contact, " ")
			addr, err := parseAddrPort(field)
			if err != nil {
				return nil, err
			}
			if addr.Addr().Is4() {
				peers[i].Addr4 = addr
			} else {
				peers[i].Addr6 = addr
			}
		}
	}
	return peers, nil
}

// parseAddrPort is netip.ParseAddrPort, but takes a third of its time for what nearly all
// addresses are, IPv4 as String writes it: 15 of 50 ns, thirty times in an announce.
func parseAddrPort(s string) (netip.AddrPort, error) {
	var ip [4]byte
	var octets, value, digits int
	for i := range len(s) {
		c := s[i]
		if d := int(c - '0'); c >= '0' && c <= '9' && digits < 5 && (value > 0 || digits == 0) {
			value, digits = 10*value+d, digits+1
			continue
		}
		if octets == len(ip) || digits == 0 || value > 255 || c != [...]byte{'.', '.', '.', ':'}[octets] {
			return netip.ParseAddrPort(s)
		}
		ip[octets] = byte(value)
		octets, value, digits = octets+1, 0, 0
	}
	if octets != len(ip) || digits == 0 || value > 65535 {
		return netip.ParseAddrPort(s)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(value)), nil
}

package redisstore

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// A contact is a host as the scripts hand it out: one or two addresses, parted
// by a blank. Contacts come as lines of one text.

// choose takes as many contacts as are wanted: the first ones as they come, and
// of the others, which are a whole rack, some at random, but never the host
// itself.
func choose(contacts string, first int, a tracker.Announce) []string {
	if contacts == "" {
		return nil
	}
	lines := strings.Split(contacts, "\n")
	if first >= len(lines) {
		return lines[:min(len(lines), want(a))]
	}
	own := a.Addr.String()
	chosen, others := lines[:first], lines[first:]
	for len(others) > 0 && len(chosen) < want(a) {
		i := rand.IntN(len(others))
		others[0], others[i] = others[i], others[0]
		if addr, _, _ := strings.Cut(others[0], " "); addr != own {
			chosen = append(chosen, others[0])
		}
		others = others[1:]
	}
	return chosen[:min(len(chosen), want(a))]
}

// readContacts reads the addresses of contacts.
func readContacts(contacts []string) ([]tracker.Peer, error) {
	peers := make([]tracker.Peer, len(contacts))
	for i, contact := range contacts {
		for field := range strings.SplitSeq(contact, " ") {
			addr, err := netip.ParseAddrPort(field)
			if err != nil {
				return nil, fmt.Errorf("contact: %w", err)
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

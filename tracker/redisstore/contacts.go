package redisstore

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// readPeers reads what announce.lua hands out: a number, and then contacts, a
// line each. A contact is a host's one or two addresses, parted by a blank.
func readPeers(text string, a tracker.Announce) ([]tracker.Peer, error) {
	if text == "" {
		return nil, nil
	}
	number, list, _ := strings.Cut(text, "\n")
	first, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	var contacts []string
	if list != "" {
		contacts = strings.Split(list, "\n")
	}
	if first < 0 || first > len(contacts) {
		return nil, fmt.Errorf("%d of %d contacts", first, len(contacts))
	}
	return readContacts(choose(contacts, first, a))
}

// choose takes as many contacts as are wanted: the first ones as they come, and
// of the others, if there are any, some at random, but never the host itself.
func choose(contacts []string, first int, a tracker.Announce) []string {
	chosen, others := contacts[:min(first, want(a))], contacts[first:]
	own := a.Addr.String()
	for len(others) > 0 && len(chosen) < want(a) {
		i := rand.IntN(len(others))
		others[0], others[i] = others[i], others[0]
		if addr, _, _ := strings.Cut(others[0], " "); addr != own {
			chosen = append(chosen, others[0])
		}
		others = others[1:]
	}
	return chosen
}

func readContacts(contacts []string) ([]tracker.Peer, error) {
	peers := make([]tracker.Peer, len(contacts))
	for i, contact := range contacts {
		for field := range strings.SplitSeq(contact, " ") {
			addr, err := netip.ParseAddrPort(field)
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

package bthttp

import (
	"slices"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// comebacks begin the peer ids of clients that no failure keeps away: seen on the wire, aria2
// 1.36 comes back after 120 s, rtorrent 0.9.8 after 5 s, 10 s and so on up to 320 s, and
// transmission 3.00 after 20 s and 330 s, with any words and any interval. A reply with a long
// interval keeps them away.
var comebacks = []string{"A2-", "-lt", "-TR1", "-TR2", "-TR3"}

// comesBack says whether a failure would bring a client back.
func comesBack(id tracker.PeerID) bool {
	return slices.ContainsFunc(comebacks, func(prefix string) bool { return strings.HasPrefix(string(id[:len(prefix)]), prefix) })
}

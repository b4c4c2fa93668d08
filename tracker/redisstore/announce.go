package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Announce implements tracker.Store.
func (s *Store) Announce(ctx context.Context, a tracker.Announce) (tracker.Handout, error) {
	r, err := s.run(ctx, announceScript, announceCall(a, s.now(), rand.Uint32()), announceValues)
	if err != nil {
		return tracker.Handout{}, err
	}
	handout, joined, err := readHandout(a, r)
	if err != nil {
		return tracker.Handout{}, err
	}
	s.note(a, handout.Active, joined)
	return handout, nil
}

// announceCall builds the call of announce.lua; see its header. now is the
// clock, in seconds, or empty.
func announceCall(a tracker.Announce, now string, seed uint32) scriptCall {
	k := keysOf(a.InfoHash)
	keys := append(make([]string, 0, 40),
		k.registered(), k.closed(), k.name(), k.length(),
		k.firstStarted(), k.lastStarted(), k.firstCompleted(), k.lastCompleted(),
		k.peers(), k.representatives(), k.seeders(), k.leechers(), k.paused(),
		k.racks(), k.hosts(), k.progress(), k.oldest(), k.peer(a.Addr))
	args := []string{
		now,
		strconv.FormatUint(uint64(seed), 10),
		a.Addr.String(),
		address(a.Also),
		string(a.PeerID[:]),
		a.Key,
		a.Event.String(),
		left(a.Left),
		strconv.FormatUint(a.Uploaded, 10),
		strconv.FormatUint(a.Downloaded, 10),
		strconv.Itoa(want(a)),
		strconv.Itoa(a.MaxReprRack),
		strconv.Itoa(int(a.PeerTTL.Seconds())),
		boolean(a.Compact),
		flag(!a.Compact && !a.NoPeerID),
		flag(a.AutoRegister),
		string(a.Location),
		a.Hostname,
	}
	return scriptCall{append(keys, k.location(a.Location)...), args}
}

// want is how many peers are handed out (R5).
func want(a tracker.Announce) int {
	if a.NumWant < 0 {
		return a.MaxPeers
	}
	return min(a.NumWant, a.MaxPeers)
}

// maxLeft bounds what counts as a number of bytes left: a million hosts that lack
// 8 TiB each fit into the 63 bits of a sum in Redis. More is taken as not known.
const maxLeft = 1 << 43

func left(bytes uint64) string {
	if bytes > maxLeft {
		return ""
	}
	return strconv.FormatUint(bytes, 10)
}

func address(addr netip.AddrPort) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// boolean is the seed's way to write one.
func boolean(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

const announceValues = 7 // behind the status

// readHandout maps the reply of announce.lua; joined says that the host was
// not live before.
func readHandout(a tracker.Announce, r reply) (handout tracker.Handout, joined bool, err error) {
	if r.status == 0 {
		return tracker.Handout{}, false, nil
	}
	n, err := r.ints(5)
	if err != nil {
		return tracker.Handout{}, false, err
	}
	handout = tracker.Handout{Active: true, Complete: n[0], Incomplete: n[1], Downloaded: n[2], Represents: n[4]}
	text, err := r.values[5].ToString()
	if err != nil {
		return tracker.Handout{}, false, fmt.Errorf("script announce: peers: %w", err)
	}
	if handout.Peers, err = readPeers(text, a); err != nil {
		return tracker.Handout{}, false, fmt.Errorf("script announce: peers: %w", err)
	}
	ids, err := r.values[6].AsStrSlice()
	if err != nil || len(ids) > len(handout.Peers) {
		return tracker.Handout{}, false, fmt.Errorf("script announce: %d peer ids: %w", len(ids), err)
	}
	for i, id := range ids {
		copy(handout.Peers[i].ID[:], id)
	}
	return handout, n[3] == 1, nil
}

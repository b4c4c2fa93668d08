package main

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// plain are trackers to compare ours with: one that knows no racks, and one for which the
// first hosts of a rack represent it for good, and which has no further thought.
type plain struct {
	rng             *rand.Rand
	maxPeers        int
	representatives int // of a rack; 0: it knows no racks
	swarms          map[tracker.Location][]netip.AddrPort
	represent       map[netip.AddrPort]bool
	seen            map[netip.AddrPort]bool
}

// global is the swarm of all, or of all representatives.
const global = tracker.Location("")

func newPlain(seed uint64, maxPeers, representatives int) *plain {
	return &plain{
		rng: rand.New(rand.NewPCG(seed, 2)), maxPeers: maxPeers, representatives: representatives,
		swarms: map[tracker.Location][]netip.AddrPort{}, represent: map[netip.AddrPort]bool{}, seen: map[netip.AddrPort]bool{},
	}
}

// Announce implements swarmsim.Tracker.
func (t *plain) Announce(_ time.Duration, a tracker.Announce) (h tracker.Handout, _ error) {
	t.note(a)
	want := t.maxPeers
	if a.NumWant >= 0 {
		want = min(want, a.NumWant)
	}
	candidates := t.swarms[a.Location]
	switch {
	case t.representatives == 0:
		candidates = t.swarms[global]
	case t.represent[a.Addr]:
		h.Represents = 1
		candidates = append(append([]netip.AddrPort{}, candidates...), t.swarms[global]...)
	}
	for _, i := range t.rng.Perm(len(candidates)) {
		if len(h.Peers) == want {
			break
		}
		if candidates[i] != a.Addr {
			h.Peers = append(h.Peers, tracker.Peer{Addr4: candidates[i]})
		}
	}
	return h, nil
}

func (t *plain) note(a tracker.Announce) {
	if t.seen[a.Addr] {
		return
	}
	t.seen[a.Addr] = true
	if t.represent[a.Addr] = len(t.swarms[a.Location]) < t.representatives; t.represent[a.Addr] || t.representatives == 0 {
		t.swarms[global] = append(t.swarms[global], a.Addr)
	}
	t.swarms[a.Location] = append(t.swarms[a.Location], a.Addr)
}

// Probed implements swarmsim.Tracker.
func (t *plain) Probed(time.Duration, tracker.Check, time.Duration, bool) (tracker.Check, bool, error) {
	return tracker.Check{}, false, errors.New("it asks for no probes")
}

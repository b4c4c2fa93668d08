package redisstore_test

import (
	"cmp"
	"slices"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Where a host stands that was never seen, and who had better come back, in the model.

// firstRack is where a host stands that was never seen.
func (m *model) firstRack(a tracker.Announce) tracker.Location {
	there := slices.ContainsFunc(m.hosts, func(h *modelHost) bool { return h.location == a.Location })
	if rack := m.racks6[a.Location]; a.Addr.Addr().Is6() && !there && rack != "" {
		return rack
	}
	return a.Location
}

// learnRack: a host that was in a rack by IPv6 is in this one by IPv4.
func (m *model) learnRack(h *modelHost, by4 tracker.Location) {
	by6 := cmp.Or(h.rack6, h.location)
	known, learned := m.racks6[by6]
	switch {
	case by6 == by4 || known == by4:
	case learned:
		m.racks6[by6] = ""
	default:
		m.racks6[by6] = by4
	}
}

// defers says whether a host that announces, if it was seen before, is to ask again in some seconds: an
// rtorrent that starts in a rack where nobody has everything, and either nobody is there, or the first
// representative is an rtorrent that has just started. It is deferred again only if it is back at once, and
// the rack has a representative.
func (m *model) defers(a tracker.Announce, h *modelHost) bool {
	id, rack := string(a.PeerID[:])+a.Key, string(a.Location)
	if h == nil {
		rack = string(m.firstRack(a))
	}
	seeded := slices.ContainsFunc(m.swarm(rack), func(mate *modelHost) bool { return mate.seeder })
	if h != nil && h.live || a.Event != tracker.EventStarted || a.Left == 0 || id[:3] != "-lt" || seeded {
		return false
	}
	told, again := m.told[id]
	var first *modelHost
	if there := m.places[rack]; len(there) > 0 {
		first = there[0]
	}
	switch {
	case !again && first == nil && len(m.swarm(rack)) == 0:
	case !again && first != nil && isRtorrent(first) && first.started > m.now-30:
	case again && told >= m.now-7 && first != nil && isRtorrent(first) && first.started > m.now-4:
	default:
		return false
	}
	m.told[id] = m.now
	return true
}

func isRtorrent(h *modelHost) bool { return h.id[:3] == "-lt" }

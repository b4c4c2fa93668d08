package redisstore

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// model is one transfer in plain Go, without a thought for cost: what the rules
// R1 to R11 say, spelled out over a list of hosts.
type model struct {
	now        int64
	hosts      []*modelHost
	downloaded int
	max        int
}

type modelHost struct {
	id         string
	addr, also netip.AddrPort
	location   tracker.Location
	left       uint64
	seeder     bool
	paused     bool
	live       bool
	seen       int64
	represents int // groups, from the rack outwards
	completed  bool
}

// remove forgets a host; nil is nobody.
func (m *model) remove(h *modelHost) {
	m.hosts = slices.DeleteFunc(m.hosts, func(other *modelHost) bool { return other == h })
}

func (m *model) at(addr netip.AddrPort) *modelHost {
	for _, h := range m.hosts {
		if addr.IsValid() && (h.addr == addr || h.also == addr) {
			return h
		}
	}
	return nil
}

func (m *model) called(id string) *modelHost {
	for _, h := range m.hosts {
		if h.id == id {
			return h
		}
	}
	return nil
}

func sameFamily(a, b netip.AddrPort) bool { return a.Addr().Is4() == b.Addr().Is4() }

// expire lets everybody go who is due.
func (m *model) expire(ttl time.Duration) {
	for _, h := range m.hosts {
		if h.live && h.seen <= m.now-int64(ttl.Seconds()) {
			h.live, h.represents = false, 0
		}
	}
}

// announce records an announce and returns its host; nil for one that was never
// seen before and stops.
func (m *model) announce(a tracker.Announce) *modelHost {
	m.expire(a.PeerTTL)
	m.max = a.MaxReprRack
	h, touch := m.find(a)
	if h == nil {
		return nil
	}
	fresh, before := h.left == unseen, h.left
	h.left, h.seeder, h.paused = a.Left, a.Left == 0, a.Left != 0 && a.Event == tracker.EventPaused
	done := a.Left == 0 && (a.Event == tracker.EventCompleted || !fresh && before != 0)
	if done && !h.completed {
		h.completed = true
		m.downloaded++
	}
	if touch {
		h.seen = m.now
	}
	if a.Event == tracker.EventStopped {
		h.live, h.represents = false, 0
		return h
	}
	h.live = true
	m.elect(h)
	return h
}

// unseen is the left of a host that has not announced yet.
const unseen = uint64(1) << 60

// find returns whose announce it is, and whether it comes from one of the host's
// addresses.
func (m *model) find(a tracker.Announce) (h *modelHost, touch bool) {
	id := string(a.PeerID[:]) + a.Key
	stopped := a.Event == tracker.EventStopped
	if h = m.at(a.Addr); h == nil || h.id != id {
		if !stopped { // a late stop displaces nobody
			m.remove(h)
		}
		h = m.called(id)
		if h != nil && sameFamily(h.addr, a.Addr) {
			if stopped || h.live && h.addr.Addr() != a.Addr.Addr() {
				return h, false
			}
			h.addr, h.represents = a.Addr, 0
		}
	}
	switch {
	case stopped:
		return h, true
	case h == nil:
		h = &modelHost{id: id, addr: a.Addr, location: a.Location, left: unseen}
		m.hosts = append(m.hosts, h)
	case h.addr == a.Addr && h.location != a.Location:
		h.location, h.represents = a.Location, 0
	}
	m.attach(h, a.Addr)
	m.attach(h, a.Also)
	return h, true
}

// attach gives a host an address of the other family.
func (m *model) attach(h *modelHost, addr netip.AddrPort) {
	if !addr.IsValid() || sameFamily(addr, h.addr) || addr == h.also {
		return
	}
	m.remove(m.at(addr))
	h.also = addr
}

// elect gives the host the places that are free, from its rack outwards, and
// takes away those beyond a bound that was lowered.
func (m *model) elect(h *modelHost) {
	groups := h.location.Groups()
	for level, group := range groups {
		others := len(m.representatives(group))
		if level < h.represents {
			if others > m.max {
				h.represents = level
				return
			}
			continue
		}
		if others >= m.max {
			return
		}
		h.represents = level + 1
	}
}

func (m *model) living() []*modelHost {
	return slices.DeleteFunc(slices.Clone(m.hosts), func(h *modelHost) bool { return !h.live })
}

// representatives of a group.
func (m *model) representatives(group string) (list []*modelHost) {
	for _, h := range m.living() {
		if represents(h, group) {
			list = append(list, h)
		}
	}
	return list
}

func represents(h *modelHost, group string) bool {
	return slices.Contains(h.location.Groups()[:h.represents], group)
}

// swarm of a group: the hosts of a rack, else the representatives of the groups
// right below; that of "" is the global one.
func (m *model) swarm(group string) (list []*modelHost) {
	for _, h := range m.living() {
		groups := append(h.location.Groups(), "")
		if i := slices.Index(groups, group); i >= 0 && i <= h.represents {
			list = append(list, h)
		}
	}
	return list
}

// eligible are those a host may be handed: of its rack, and from outside.
func (m *model) eligible(h *modelHost) (fellows, outside, rackPeers map[*modelHost]bool) {
	fellows, outside, rackPeers = map[*modelHost]bool{}, map[*modelHost]bool{}, map[*modelHost]bool{}
	groups := append(h.location.Groups(), "")
	for level := 0; level <= h.represents; level++ {
		for _, other := range m.swarm(groups[level]) {
			switch {
			case other == h || h.seeder && other.seeder:
			case level == 0 && represents(other, groups[0]):
				fellows[other] = true
			case level == 0:
				rackPeers[other] = true
			case !represents(other, groups[level-1]):
				outside[other] = true
			}
		}
	}
	return fellows, outside, rackPeers
}

// counts are those of R9.
func (m *model) counts() (complete, incomplete, paused int) {
	for _, h := range m.living() {
		switch {
		case h.seeder:
			complete++
		case h.paused:
			incomplete++
			paused++
		default:
			incomplete++
		}
	}
	return complete, incomplete, paused
}

// progress sums each rack over every host seen.
func (m *model) progress() map[tracker.Location]tracker.Progress {
	racks := map[tracker.Location]tracker.Progress{}
	for _, h := range m.hosts {
		p := tracker.Progress{Hosts: 1}
		switch h.left {
		case 0:
			p.Done = 1
		case tracker.LeftUnknown:
			p.Unknown = 1
		default:
			p.Left = h.left
		}
		racks[h.location] = racks[h.location].Add(p)
	}
	return racks
}

// set lists the addresses of some hosts, sorted.
func set(hosts []*modelHost, keep func(*modelHost) bool) []string {
	list := map[string]bool{}
	for _, h := range hosts {
		if keep(h) {
			list[h.addr.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(list))
}

package redisstore_test

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
	places     map[string][]*modelHost // representatives of each group, in the order in which they came
	scope      tracker.ReprScope
	deferred   bool                                  // the last host that announced was
	told       map[string]int64                      // when each was, last
	racks6     map[tracker.Location]tracker.Location // racks by IPv4 of hosts that were in these by IPv6
	replaced   *modelHost                            // who had the address of the last host that announced until then
	newest     map[string]*modelHost                 // of each peer id and key, unless it is forgotten
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
	came       int64 // when it announced first, if it has had everything since; else 0
	seeded     bool  // it came with everything, and its machine never lacked anything
	downloaded uint64
	rack6      tracker.Location // by IPv6, as long as location is guessed from another one's
	started    int64            // when it last said so
}

// remove forgets a host; nil is nobody.
func (m *model) remove(h *modelHost) {
	if h != nil {
		m.withdraw(h, 0)
	}
	m.hosts = slices.DeleteFunc(m.hosts, func(other *modelHost) bool { return other == h })
	maps.DeleteFunc(m.newest, func(_ string, newest *modelHost) bool { return newest == h })
}

func (m *model) at(addr netip.AddrPort) *modelHost {
	for _, h := range m.hosts {
		if addr.IsValid() && (h.addr == addr || h.also == addr) {
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
			h.live = false
			m.withdraw(h, 0)
		}
	}
	m.succeed()
}

// announce records an announce and returns its host; nil for one that was never
// seen before and stops, and for one that is to come back.
func (m *model) announce(a tracker.Announce) *modelHost {
	m.expire(a.PeerTTL)
	m.max = a.MaxReprRack
	h := m.find(a)
	if h == nil || m.deferred {
		return nil
	}
	fresh := h.left == unseen
	if fresh {
		m.enrol(h)
	}
	if a.Event == tracker.EventStarted {
		h.started = m.now
	}
	paused := a.Left != 0 && a.Event == tracker.EventPaused
	if h.live && (h.seeder != (a.Left == 0) || h.paused != paused) { // it leaves, and comes back as what it is
		m.withdraw(h, 0)
	}
	h.left, h.seeder, h.paused = a.Left, a.Left == 0, paused
	switch {
	case a.Left != 0:
		h.came, h.seeded = 0, false
	case fresh:
		h.came, h.seeded = m.now, a.Downloaded == 0
	}
	h.downloaded = a.Downloaded
	if a.Left == 0 && !h.seeded && !h.completed {
		h.completed = true
		m.downloaded++
	}
	h.seen = m.now
	if fresh && m.replaced != nil && a.Event != tracker.EventStopped {
		h.inherit(m.replaced)
	}
	h.live = a.Event != tracker.EventStopped
	if !h.live {
		m.withdraw(h, 0)
	}
	m.succeed()
	if h.live {
		m.elect(h)
	}
	return h
}

// unseen is the left of a host that has not announced yet.
const unseen = uint64(1) << 60

// find returns whose announce it is.
func (m *model) find(a tracker.Announce) *modelHost {
	h := m.known(a)
	stopped := a.Event == tracker.EventStopped
	if m.deferred = m.defers(a, h); h == nil && stopped || m.deferred {
		return nil
	}
	if h == nil {
		h = &modelHost{id: string(a.PeerID[:]) + a.Key, addr: a.Addr, location: a.Location, left: unseen}
		if h.location = m.firstRack(a); h.location != a.Location {
			h.rack6 = a.Location
		}
		m.hosts = append(m.hosts, h)
	}
	if stopped {
		return h
	}
	if m.replaced != nil {
		m.remove(m.replaced)
	}
	bySix := h.addr.Addr().Is6()
	m.attach(h, a.Addr)
	m.attach(h, a.Also)
	if h.left != unseen && h.addr == a.Addr {
		if bySix && a.Addr.Addr().Is4() {
			m.learnRack(h, a.Location)
		}
		if h.location != a.Location {
			m.withdraw(h, 0)
			h.location, h.rack6 = a.Location, ""
		}
	}
	return h
}

// elect gives the host the places that are free, from its rack outwards, and
// takes away those beyond a bound that was lowered.
func (m *model) elect(h *modelHost) {
	for level, group := range h.location.Groups() {
		switch n := len(m.places[group]); {
		case level < h.represents && n > m.max:
			m.withdraw(h, level)
			return
		case level >= h.represents && !m.hasPlace(group, h):
			return
		case level >= h.represents:
			m.places[group] = append(m.places[group], h)
			h.represents++
		}
	}
}

// hasPlace says whether a group has a place for a host; for one that is no partial seed, one of those
// makes way.
func (m *model) hasPlace(group string, h *modelHost) bool {
	isPaused := func(x *modelHost) bool { return x.paused }
	others := m.swarm(group)
	if h.paused {
		others = slices.DeleteFunc(others, func(x *modelHost) bool { return x.paused || slices.Contains(m.places[group], x) })
		return len(m.places[group]) < m.max && len(others) == 0
	}
	if !slices.ContainsFunc(m.places[group], isPaused) || len(slices.DeleteFunc(slices.Clone(m.places[group]), isPaused)) >= m.max {
		return len(m.places[group]) < m.max
	}
	for len(m.places[group]) >= m.max {
		x := m.places[group][slices.IndexFunc(m.places[group], isPaused)]
		m.withdraw(x, slices.Index(x.location.Groups(), group))
	}
	return true
}

// withdraw takes the places that a host has from a level of its groups on.
func (m *model) withdraw(h *modelHost, level int) {
	for _, group := range h.location.Groups()[level:] {
		m.places[group] = slices.DeleteFunc(m.places[group], func(x *modelHost) bool { return x == h })
	}
	h.represents = min(h.represents, level)
}

func (m *model) living() []*modelHost {
	return slices.DeleteFunc(slices.Clone(m.hosts), func(h *modelHost) bool { return !h.live })
}

func (m *model) represents(h *modelHost, group string) bool {
	return slices.Contains(m.places[group], h)
}

// swarm of a group: the hosts of a rack, else those who represent the groups right below; that of "" is
// the global one.
func (m *model) swarm(group string) (list []*modelHost) {
	for _, h := range m.living() {
		groups := append(h.location.Groups(), "")
		if i := slices.Index(groups, group); i == 0 || i > 0 && i <= h.represents {
			list = append(list, h)
		}
	}
	return list
}

// eligible are those a host may be handed: its fellow representatives, peers from outside, others
// of its rack.
type eligible struct {
	fellows, rackPeers map[*modelHost]bool
	outside            []map[*modelHost]bool // of the swarm around each group it represents
}

func (m *model) eligible(h *modelHost) eligible {
	e := eligible{fellows: map[*modelHost]bool{}, rackPeers: map[*modelHost]bool{}}
	groups := append(h.location.Groups(), "")
	other := func(list []*modelHost) []*modelHost {
		return slices.DeleteFunc(slices.Clone(list), func(x *modelHost) bool { return x == h || h.seeder && x.seeder })
	}
	for _, fellow := range other(m.places[groups[0]]) { // also one of a rack within this one
		e.fellows[fellow] = true
	}
	for _, peer := range other(m.swarm(groups[0])) {
		if !e.fellows[peer] {
			e.rackPeers[peer] = true
		}
	}
	for level := 1; level <= h.represents; level++ {
		outside := map[*modelHost]bool{}
		for _, peer := range other(m.swarm(groups[level])) {
			if !m.represents(peer, groups[level-1]) {
				outside[peer] = true
			}
		}
		e.outside = append(e.outside, outside)
	}
	return e
}

// shares says how many peers a host is handed, and how many of them from outside: of each swarm a third of
// what it wants, or as many as are set, or ten, which is enough for up to 148 hosts.
func (e eligible) shares(want, outsidePeers int) (total, outside int) {
	if outsidePeers == 0 {
		outsidePeers = 10
	}
	for _, swarm := range e.outside {
		outside += min(len(swarm), max((want+2)/3, outsidePeers))
	}
	budget := max(want-len(e.fellows), 0)
	outside = min(outside, budget)
	return want - budget + outside + min(len(e.rackPeers), budget-outside), outside
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
		if h.seeded {
			p.Seeded = 1
		}
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

// wanted is how many peers a host is to be handed (R5).
func wanted(a tracker.Announce) int {
	if a.NumWant < 0 {
		return a.MaxPeers
	}
	return min(a.NumWant, a.MaxPeers)
}

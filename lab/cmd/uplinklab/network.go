package main

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// The core is our own namespace, with a bridge. The tracker is at its address, and whatever
// it consists of; nothing limits its rate.
const (
	core     = ""
	bridge   = "br0"
	coreHost = "10.77.0.1"
)

// network is racks and hosts. Each rack, and each group around racks, is a namespace with a
// bridge and one uplink to what is around it, at last to the core.
type network struct {
	racks  []*rack
	groups []*group // the racks among them
	hosts  []*host  // those that fetch
	seeder *host
}

// group is a namespace with a bridge.
type group struct {
	namespace string // and the name of its uplink in the namespace around it
	around    string // the namespace around it
	location  []string
}

// rack is a group of hosts.
type rack struct {
	*group
	number int // from 1
	hosts  []*host
}

// host is a namespace with one address.
type host struct {
	namespace string
	around    string // the namespace around it
	rack      int    // 0: it is on the core
	number    int    // in its rack, from 1
	addr      netip.Addr
	location  []string
}

func (h *host) String() string { return fmt.Sprintf("%s (%s)", h.namespace, h.addr) }

// levels are the fields of a host's record in the SMDB, outermost first, and what their
// groups are called.
var levels = []struct{ field, prefix string }{{"site", "s"}, {"datacenter", "dc"}, {"row", "row"}, {"cabinet", "r"}}

// newNetwork plans the network: racks in groups, hosts in racks, and the seeder on the core or in
// the first rack.
func newNetwork(o *options, seederInRack bool) *network {
	n := &network{}
	depth := len(o.Groups)
	outer := []*group{{namespace: core}}
	for level, count := range o.Groups {
		var inner []*group
		for _, g := range outer {
			for range count {
				name := fmt.Sprint(levels[len(levels)-depth+level].prefix, len(inner)+1)
				inner = append(inner, &group{namespace: name, around: g.namespace, location: append(g.location[:level:level], name)})
			}
		}
		n.groups = append(n.groups, inner...)
		outer = inner
	}
	for number, g := range outer {
		r := &rack{group: g, number: number + 1}
		for range o.Hosts {
			n.hosts = append(n.hosts, r.add())
		}
		n.racks = append(n.racks, r)
	}
	if seederInRack {
		n.seeder = n.racks[0].add()
		return n
	}
	var nowhere []string
	for _, level := range levels[len(levels)-depth:] {
		nowhere = append(nowhere, level.prefix+"0")
	}
	n.seeder = newHost(core, 0, 2, nowhere)
	return n
}

func (r *rack) add() *host {
	h := newHost(r.namespace, r.number, len(r.hosts)+1, r.location)
	r.hosts = append(r.hosts, h)
	return h
}

// newHost has the address 10.77.RACK.NUMBER.
func newHost(around string, rack, number int, location []string) *host {
	return &host{
		namespace: fmt.Sprintf("r%dh%d", rack, number), around: around, rack: rack, number: number,
		addr: netip.AddrFrom4([4]byte{10, 77, byte(rack), byte(number)}), location: location,
	}
}

// all are the hosts and the seeder.
func (n *network) all() []*host { return append(slices.Clip(n.hosts), n.seeder) }

// host is the one at this address, or nil.
func (n *network) host(addr netip.Addr) *host {
	for _, h := range n.all() {
		if h.addr == addr {
			return h
		}
	}
	return nil
}

// setUp makes the namespaces and what connects them.
func (n *network) setUp(o *options) error {
	b := &networkBuilder{commands: map[string][]string{}}
	b.in(core, "link set lo up", "link add name "+bridge+" type bridge mcast_snooping 0",
		"link set "+bridge+" address "+mac(netip.MustParseAddr(coreHost))+withoutIPv6()+" up", "address add "+coreHost+"/16 dev "+bridge, segments(bridge, o.segments))
	for _, g := range n.groups {
		b.connect(g.namespace, g.around, "uplink", o.Uplink)
		b.in(g.namespace, "link add name "+bridge+" type bridge mcast_snooping 0", "link set "+bridge+withoutIPv6()+" up", "link set uplink master "+bridge)
	}
	for _, h := range n.all() {
		b.connect(h.namespace, h.around, "eth0", o.Host)
		b.in(h.namespace, "link set lo up", "link set eth0 address "+mac(h.addr), "address add "+h.addr.String()+"/16 dev eth0",
			segments("eth0", o.segments))
	}
	// Nobody asks for anybody's hardware address: that spares broadcasts over the uplinks, and
	// the kernel's table of neighbours, which all namespaces share, has room for permanent ones.
	b.addNeighbours(core, bridge, n.all())
	for _, h := range n.all() {
		b.addNeighbours(h.namespace, "eth0", n.all())
		b.in(h.namespace, neighbour(netip.MustParseAddr(coreHost), "eth0"))
	}
	return b.run()
}

// slow limits a host's link, in both directions.
func (n *network) slow(h *host, rate float64) error {
	if err := netlab.TC(h.namespace, limit{h.namespace, "eth0", rate}.command()); err != nil {
		return err
	}
	return netlab.TC(h.around, limit{h.around, h.namespace, rate}.command())
}

// tearDown deletes the namespaces, and with them all that is in them; our own links first,
// since those that lead into a namespace follow it only some time later.
func (n *network) tearDown() error {
	links, namespaces := []string{"link delete " + bridge}, []string{}
	remove := func(namespace, around string) {
		if around == core {
			links = append(links, "link delete "+namespace)
		}
		namespaces = append(namespaces, "netns delete "+namespace)
	}
	for _, h := range n.all() {
		remove(h.namespace, h.around)
	}
	for _, g := range n.groups {
		remove(g.namespace, g.around)
	}
	return netlab.IP(core, append(links, namespaces...)...)
}

// segments bounds how many TCP segments are sent as one; with 1, counters count frames and
// the headers of each.
func segments(dev string, most int) string {
	return fmt.Sprintf("link set %s gso_max_segs %d", dev, most)
}

func mac(addr netip.Addr) string {
	b := addr.As4()
	return fmt.Sprintf("02:00:00:00:%02x:%02x", b[2], b[3])
}

func neighbour(addr netip.Addr, dev string) string {
	return fmt.Sprintf("neigh add %v lladdr %s dev %s nud permanent", addr, mac(addr), dev)
}

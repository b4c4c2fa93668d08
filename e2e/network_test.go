package e2e

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// The cluster and the tests share one namespace with a bridge; proxyHost is its
// address, where hosts reach the proxy. Without a MAC address of its own a bridge
// takes the lowest of its ports', and hosts lose it when another host is added.
const (
	bridge    = "br0"
	bridgeMAC = "02:00:00:00:00:01"
	proxyHost = "10.77.0.1"
)

// host is a network namespace with an address of its own.
type host struct {
	rack int
	name string // of the namespace; empty: it is ours
	addr netip.Addr
}

// hosts counts those there have been. No address is used twice, so that every
// host is new to the tracker.
var hosts atomic.Int32

// setUpNetwork makes the bridge.
func setUpNetwork() error {
	if err := netlab.HideNames(); err != nil {
		return err
	}
	return netlab.IP("",
		"link set lo up",
		"link add "+bridge+" address "+bridgeMAC+" type bridge",
		"address add "+proxyHost+"/16 dev "+bridge,
		"link set "+bridge+" up",
	)
}

// newHost makes a host at 10.77.RACK.N, with the next N: the SMDB stub takes the
// third byte for the rack.
func newHost(t testing.TB, rack int) host {
	t.Helper()
	number := hosts.Add(1)
	h := host{
		rack: rack,
		name: fmt.Sprintf("host%d", number),
		addr: netip.AddrFrom4([4]byte{10, 77, byte(rack), byte(number)}),
	}
	err := netlab.IP("",
		"netns add "+h.name,
		"link add "+h.name+" type veth peer name eth0 netns "+h.name,
		"link set "+h.name+" master "+bridge+" up",
	)
	if err == nil {
		err = netlab.IP(h.name,
			"link set lo up",
			"address add "+h.addr.String()+"/16 dev eth0",
			"link set eth0 up",
		)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlab.IP("", "link delete "+h.name, "netns delete "+h.name); err != nil {
			t.Error(err)
		}
	})
	return h
}

// newAddress makes a host that is no more than an address of our own namespace: there
// may be hundreds, which would not fit into the kernel's table of neighbours.
func newAddress(t testing.TB, rack int) host {
	t.Helper()
	h := host{rack: rack, addr: netip.AddrFrom4([4]byte{10, 77, byte(rack), byte(hosts.Add(1))})}
	if err := netlab.IP("", "address add "+h.addr.String()+"/16 dev "+bridge); err != nil {
		t.Fatal(err)
	}
	return h
}

package e2e

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
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

// setUpNetwork makes the bridge, and hides /run: the names of namespaces there
// are those of this process alone.
func setUpNetwork() error {
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	return ip("",
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
	err := ip("",
		"netns add "+h.name,
		"link add "+h.name+" type veth peer name eth0 netns "+h.name,
		"link set "+h.name+" master "+bridge+" up",
	)
	if err == nil {
		err = ip(h.name,
			"link set lo up",
			"address add "+h.addr.String()+"/16 dev eth0",
			"link set eth0 up",
		)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ip("", "link delete "+h.name, "netns delete "+h.name); err != nil {
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
	if err := ip("", "address add "+h.addr.String()+"/16 dev "+bridge); err != nil {
		t.Fatal(err)
	}
	return h
}

// inside is a command that runs in the host's network.
func (h host) inside(command ...string) *exec.Cmd {
	if h.name == "" {
		return exec.Command(command[0], command[1:]...)
	}
	return exec.Command("nsenter", append([]string{"--net=/run/netns/" + h.name}, command...)...)
}

// ip runs commands of ip(8) in a namespace; without a name in our own.
func ip(namespace string, commands ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-netns", namespace}, args...)
	}
	command := exec.Command("ip", args...)
	command.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w\n%s", strings.Join(commands, "; "), err, out)
	}
	return nil
}

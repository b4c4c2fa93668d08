package main

import (
	"fmt"
	"os"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// networkBuilder collects commands of ip(8) by namespace, so that each needs one call, and makes
// each namespace before what is in it.
type networkBuilder struct {
	namespaces []string
	commands   map[string][]string
	rates      []limit
}

// limit is the rate at which an interface sends.
type limit struct {
	namespace, dev string
	rate           float64 // Mbit/s
}

// withoutIPv6 keeps an interface from having an IPv6 address, and from talking about it, if the
// kernel knows IPv6.
func withoutIPv6() string {
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		return ""
	}
	return " addrgenmode none"
}

func (b *networkBuilder) in(namespace string, commands ...string) {
	b.commands[namespace] = append(b.commands[namespace], commands...)
}

// connect makes a namespace, and a link from its interface dev to the bridge of the one
// around it, where the link has the namespace's name. Each end sends at the rate.
func (b *networkBuilder) connect(namespace, around, dev string, rate float64) {
	b.namespaces = append(b.namespaces, namespace)
	b.in(around,
		"link add name "+namespace+" type veth peer name "+dev+" netns "+namespace,
		"link set "+namespace+" master "+bridge+withoutIPv6()+" up")
	b.in(namespace, "link set "+dev+withoutIPv6()+" up")
	b.rates = append(b.rates, limit{namespace, dev, rate}, limit{around, namespace, rate})
}

// addNeighbours tells a namespace the hardware addresses of hosts.
func (b *networkBuilder) addNeighbours(namespace, dev string, hosts []*host) {
	for _, h := range hosts {
		if h.namespace != namespace {
			b.in(namespace, neighbour(h.addr, dev))
		}
	}
}

func (b *networkBuilder) run() error {
	var add []string
	for _, namespace := range b.namespaces {
		add = append(add, "netns add "+namespace)
	}
	if err := netlab.IP(core, add...); err != nil {
		return err
	}
	for _, namespace := range append([]string{core}, b.namespaces...) {
		if err := netlab.IP(namespace, b.commands[namespace]...); err != nil {
			return err
		}
	}
	rates := map[string][]string{}
	for _, l := range b.rates {
		rates[l.namespace] = append(rates[l.namespace], l.command())
	}
	for namespace, commands := range rates {
		if err := netlab.TC(namespace, commands...); err != nil {
			return err
		}
	}
	return nil
}

// command is one of tc(8). The bucket holds ten frames, the queue what goes in 50 ms.
func (l limit) command() string {
	return fmt.Sprintf("qdisc replace dev %s root tbf rate %gmbit burst 16kb latency 50ms", l.dev, l.rate)
}

package main

import (
	"fmt"
	"os"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// plumber collects commands of ip(8) by namespace, so that each needs one call, and makes
// each namespace before what is in it.
type plumber struct {
	namespaces []string
	commands   map[string][]string
	rates      []limit
}

// limit is the rate at which an interface sends.
type limit struct {
	namespace, dev string
	rate           float64 // Mbit/s
}

// silent keeps an interface from having an IPv6 address, and from talking about it, if the
// kernel knows IPv6.
func silent() string {
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		return ""
	}
	return " addrgenmode none"
}

func (p *plumber) in(namespace string, commands ...string) {
	p.commands[namespace] = append(p.commands[namespace], commands...)
}

// connect makes a namespace, and a link from its interface dev to the bridge of the one
// around it, where the link has the namespace's name. Each end sends at the rate.
func (p *plumber) connect(namespace, around, dev string, rate float64) {
	p.namespaces = append(p.namespaces, namespace)
	p.in(around,
		"link add name "+namespace+" type veth peer name "+dev+" netns "+namespace,
		"link set "+namespace+" master "+bridge+silent()+" up")
	p.in(namespace, "link set "+dev+silent()+" up")
	p.rates = append(p.rates, limit{namespace, dev, rate}, limit{around, namespace, rate})
}

// acquaint tells a namespace the hardware addresses of hosts.
func (p *plumber) acquaint(namespace, dev string, hosts []*host) {
	for _, h := range hosts {
		if h.namespace != namespace {
			p.in(namespace, neighbour(h.addr, dev))
		}
	}
}

func (p *plumber) run() error {
	var add []string
	for _, namespace := range p.namespaces {
		add = append(add, "netns add "+namespace)
	}
	if err := netlab.IP(core, add...); err != nil {
		return err
	}
	for _, namespace := range append([]string{core}, p.namespaces...) {
		if err := netlab.IP(namespace, p.commands[namespace]...); err != nil {
			return err
		}
	}
	rates := map[string][]string{}
	for _, l := range p.rates {
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

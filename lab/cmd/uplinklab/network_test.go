package main

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// Every host has a name, an address and a hardware address of its own, names that interfaces
// may have, and a location as deep as the groups; hosts of one location are a rack.
func TestNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := new(options)
		o.Groups = rapid.SliceOfN(rapid.IntRange(1, 3), 1, len(levels)).Draw(t, "groups")
		o.Hosts = rapid.IntRange(1, 5).Draw(t, "hosts")
		inRack := rapid.Bool().Draw(t, "seeder in a rack")
		n := newNetwork(o, inRack)
		if len(n.racks) != o.Racks() || len(n.hosts) != o.Racks()*o.Hosts || inRack != (n.seeder.rack == 1) {
			t.Fatalf("%d racks, %d hosts, the seeder in rack %d", len(n.racks), len(n.hosts), n.seeder.rack)
		}
		seen, racks := map[string]bool{}, map[string]int{}
		unique := func(name string) {
			if seen[name] {
				t.Fatalf("%s is there twice", name)
			}
			seen[name] = true
		}
		for _, h := range n.all() {
			unique(h.namespace)
			unique(h.addr.String())
			unique(mac(h.addr))
			if len(h.namespace) > 15 || n.host(h.addr) != h || len(h.location) != len(o.Groups) {
				t.Fatalf("%+v", h)
			}
			where := strings.Join(h.location, "/")
			if rack, known := racks[where]; known && rack != h.rack {
				t.Fatalf("%s is rack %d and rack %d", where, rack, h.rack)
			}
			racks[where] = h.rack
		}
		for _, g := range n.groups {
			unique(g.namespace)
		}
	})
}

func TestHostsFile(t *testing.T) {
	n := newNetwork(&options{Options: experiment.Options{Groups: []int{1, 2}, Hosts: 1}}, false)
	want := "10.77.1.1 r1h1 r1 row=row1\n10.77.2.1 r2h1 r2 row=row1\n10.77.0.2 r0h2 r0 row=row0\n"
	if got := n.hostsFile(); got != want {
		t.Errorf("%q instead of %q", got, want)
	}
	if got := strings.Join(fields(3), ","); got != "datacenter,row,cabinet" {
		t.Error(got)
	}
}

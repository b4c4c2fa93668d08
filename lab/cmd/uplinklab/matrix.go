package main

import (
	"slices"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// matrix are all cases that are possible.
func (o *options) matrix() []experiment.Case {
	all := experiment.Axes{
		Clients: o.clients, Faults: o.faults, Trackers: o.trackers, Representatives: o.representatives, Flat: flat,
	}.Cases()
	return slices.DeleteFunc(all, func(c experiment.Case) bool { return !faults[c.Fault].possible(c.Tracker) })
}

// mix lets the hosts of each rack run different clients; the seeder runs the first.
const mix = "mix"

var mixed = []string{"aria2", "transmission", "rtorrent", "qbittorrent", "libtorrent"}

// clientOf names the client of a host, by its rack and its number there.
func clientOf(client string, rack, number int) string {
	if client != mix {
		return client
	}
	return mixed[(rack+number)%len(mixed)]
}

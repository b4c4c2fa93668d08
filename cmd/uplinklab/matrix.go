package main

import "fmt"

// cell is what one row of the results is about.
type cell struct {
	Client          string `json:"client"`
	Tracker         string `json:"tracker"`
	Representatives int    `json:"representatives,omitempty"` // MAX_REPR_RACK; 0: the tracker knows no racks
	Fault           string `json:"fault"`
}

func (k cell) String() string {
	text := k.Client + ", " + k.Tracker
	if k.Representatives > 0 {
		text += fmt.Sprintf(" (%d)", k.Representatives)
	}
	if k.Fault != faultNone {
		text += ", " + k.Fault
	}
	return text
}

// matrix are all cases: each client with each tracker, ours with each number of
// representatives, and each fault. What is compared stands side by side.
func (o *options) matrix() (all []cell) {
	for _, client := range o.clients {
		for _, fault := range o.faults {
			for _, tracker := range o.trackers {
				representatives := o.representatives
				if tracker == flat {
					representatives = []int{0}
				}
				for _, n := range representatives {
					if faults[fault].possible(tracker) {
						all = append(all, cell{client, tracker, n, fault})
					}
				}
			}
		}
	}
	return all
}

// mix lets the hosts of each rack run different clients; the seeder runs the first.
const mix = "mix"

var mixed = []string{"aria2", "transmission", "rtorrent", "qbittorrent", "libtorrent"}

// clientOf names the client of a host, by its rack and its number there.
func (k cell) clientOf(rack, number int) string {
	if k.Client != mix {
		return k.Client
	}
	return mixed[(rack+number)%len(mixed)]
}

func (k cell) seederClient() string {
	if k.Client != mix {
		return k.Client
	}
	return mixed[0]
}

// Package experiment has what the programs that measure have in common: the cases of a run, lists
// of them on the command line, and the document in which results stand.
package experiment

import (
	"fmt"
	"slices"
)

// Case is what one row of the results of a push is about.
type Case struct {
	Client          string `json:"client"`
	Tracker         string `json:"tracker"`
	Representatives int    `json:"representatives,omitempty"` // MAX_REPR_RACK; 0: the tracker knows no racks
	Fault           string `json:"fault"`
}

// FaultNone is the fault of a case in which nothing goes wrong.
const FaultNone = "none"

// String is a case as it is written in results, like "aria2, ours (2)".
func (c Case) String() string {
	text := c.Client + ", " + c.Tracker
	if c.Representatives > 0 {
		text += fmt.Sprintf(" (%d)", c.Representatives)
	}
	if c.Fault != FaultNone {
		text += ", " + c.Fault
	}
	return text
}

// Axes are what the cases of a run are made of.
type Axes struct {
	Clients, Faults, Trackers []string
	Representatives           []int
	Flat                      string // the tracker that knows no racks
}

// Cases are all of them: each client with each fault, tracker and number of representatives. What
// is compared stands side by side.
func (a Axes) Cases() (all []Case) {
	for _, client := range a.Clients {
		for _, fault := range a.Faults {
			for _, tracker := range a.Trackers {
				representatives := a.Representatives
				if tracker == a.Flat {
					representatives = []int{0}
				}
				for _, n := range representatives {
					all = append(all, Case{client, tracker, n, fault})
				}
			}
		}
	}
	return all
}

// ByCase are the runs of each case, in the order in which they came.
func ByCase[R any](runs []R, of func(R) Case) (all [][]R) {
	for _, run := range runs {
		n := slices.IndexFunc(all, func(others []R) bool { return of(others[0]) == of(run) })
		if n < 0 {
			all = append(all, []R{run})
			continue
		}
		all[n] = append(all[n], run)
	}
	return all
}

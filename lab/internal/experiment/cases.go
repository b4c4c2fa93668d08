// Package experiment has what the programs that measure have in common: options, results, plots, and
// the document in which they stand.
package experiment

import "fmt"

// Case is what one row of the results of a push is about.
type Case struct {
	Client          string `json:"client"`
	Tracker         string `json:"tracker"`
	Representatives int    `json:"representatives,omitempty"` // MAX_REPR_RACK; 0: the tracker knows no racks
	Fault           string `json:"fault"`
}

// Mix is the client of a case in which the hosts of each rack run different ones.
const Mix = "mix"

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

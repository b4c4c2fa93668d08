package experiment

import (
	"fmt"
	"slices"
	"strings"
)

// Runs are those of one case.
type Runs []*Outcome

// cases are the runs of each case, in the order in which they came.
func (r *Results) cases() (all []Runs) {
	for _, run := range r.Runs {
		n := slices.IndexFunc(all, func(others Runs) bool { return others[0].Case == run.Case })
		if n < 0 {
			all = append(all, Runs{run})
			continue
		}
		all[n] = append(all[n], run)
	}
	return all
}

// Mean of a value.
func (r Runs) Mean(of func(*Outcome) float64) (sum float64) {
	for _, o := range r {
		sum += of(o) / float64(len(r))
	}
	return sum
}

func (r Runs) most(of func(*Outcome) float64) (highest float64) {
	for _, o := range r {
		highest = max(highest, of(o))
	}
	return highest
}

// Extent is the lowest and the highest value of those runs that finished.
func (r Runs) Extent(format string, of func(*Outcome) float64) string {
	var values []float64
	for _, o := range r {
		if o.Makespan > 0 {
			values = append(values, of(o))
		}
	}
	if len(values) == 0 {
		return "–"
	}
	low, high := fmt.Sprintf(format, slices.Min(values)), fmt.Sprintf(format, slices.Max(values))
	if low == high {
		return low
	}
	return low + "–" + high
}

func (r Runs) representatives() string {
	if r[0].Representatives == 0 {
		return "–"
	}
	return fmt.Sprint(r[0].Representatives)
}

func (r Runs) have() string {
	finished, expected := 0, 0
	for _, o := range r {
		finished, expected = finished+o.Finished, expected+o.Expected
	}
	return fmt.Sprintf("%d of %d", finished, expected)
}

// Remark says what is wrong with them, if anything is.
func (r Runs) Remark() string {
	var words []string
	if slices.ContainsFunc(r, func(o *Outcome) bool { return !o.Complete() }) {
		words = append(words, "UNFINISHED")
	}
	if slices.ContainsFunc(r, func(o *Outcome) bool { return o.CPUBound }) {
		words = append(words, "CPU-BOUND")
	}
	return strings.Join(words, ", ")
}

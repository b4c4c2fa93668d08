package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// results are those of a whole run.
type results struct {
	When      time.Time  `json:"when"`
	Machine   string     `json:"machine"`
	Setup     string     `json:"setup"`
	PlainCopy plainCopy  `json:"plainCopy"`
	Runs      []*outcome `json:"runs"`
}

func newResults(o *options) *results {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return &results{
		When:    time.Now().UTC(),
		Machine: fmt.Sprintf("%d cores; Linux %s; %s", runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version()),
		Setup:   o.String(),
	}
}

// String describes the set-up that all cases have in common.
func (o *options) String() string {
	groups := strings.Trim(strings.ReplaceAll(fmt.Sprint(o.groups), " ", " × "), "[]")
	text := fmt.Sprintf("%s racks × %d hosts, %d MiB, uplinks %s Mbit/s, hosts %s Mbit/s; least possible time %.1f s",
		groups, o.hosts, o.payload, o.uplink, o.host, o.bound().Seconds())
	if o.segments > 1 {
		text += fmt.Sprintf("; up to %d TCP segments as one", o.segments)
	}
	if o.discovery {
		text += "; DHT, PEX and local discovery on"
	}
	if len(o.settings) > 0 {
		text += "; " + strings.Join(o.settings, ", ")
	}
	return text
}

func (r *results) finished() bool {
	return !slices.ContainsFunc(r.Runs, func(o *outcome) bool { return !o.complete() })
}

// cases are the runs of each case.
func (r *results) cases() [][]*outcome {
	return experiment.ByCase(r.Runs, func(o *outcome) experiment.Case { return o.Case })
}

// table has a row for each case. Its first row are the names of columns.
func (r *results) table() [][]string {
	rows := [][]string{{"client", "tracker", "repr.", "fault", "copies in", "max", "copies out", "max", "makespan s", "× bound", "have it", "CPU %", ""}}
	for _, runs := range r.cases() {
		k := runs[0].Case
		in, mostIn := copies(runs, func(o *outcome) spread { return o.In })
		out, mostOut := copies(runs, func(o *outcome) spread { return o.Out })
		rows = append(rows, []string{
			k.Client, k.Tracker, representatives(k), k.Fault, in, mostIn, out, mostOut,
			extent(runs, "%.1f", func(o *outcome) float64 { return o.Makespan }), extent(runs, "%.2f", func(o *outcome) float64 { return o.Ratio }),
			have(runs), fmt.Sprintf("%.0f", 100*average(runs, func(o *outcome) float64 { return o.CPU })), remark(runs),
		})
	}
	return rows
}

func representatives(k experiment.Case) string {
	if k.Representatives == 0 {
		return "–"
	}
	return fmt.Sprint(k.Representatives)
}

func average(runs []*outcome, of func(*outcome) float64) (sum float64) {
	for _, o := range runs {
		sum += of(o) / float64(len(runs))
	}
	return sum
}

func most(runs []*outcome, of func(*outcome) float64) (highest float64) {
	for _, o := range runs {
		highest = max(highest, of(o))
	}
	return highest
}

// copies are a mean of means, and the most.
func copies(runs []*outcome, of func(*outcome) spread) (string, string) {
	return fmt.Sprintf("%.2f", average(runs, func(o *outcome) float64 { return of(o).Mean })),
		fmt.Sprintf("%.2f", most(runs, func(o *outcome) float64 { return of(o).Max }))
}

// extent is the lowest and the highest of those runs that finished.
func extent(runs []*outcome, format string, of func(*outcome) float64) string {
	var values []float64
	for _, o := range runs {
		if o.complete() {
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

func have(runs []*outcome) string {
	finished, expected := 0, 0
	for _, o := range runs {
		finished += o.Finished
		expected += o.Expected
	}
	return fmt.Sprintf("%d of %d", finished, expected)
}

func remark(runs []*outcome) string {
	var words []string
	if slices.ContainsFunc(runs, func(o *outcome) bool { return !o.complete() }) {
		words = append(words, "UNFINISHED")
	}
	if slices.ContainsFunc(runs, func(o *outcome) bool { return o.CPUBound }) {
		words = append(words, "CPU-BOUND")
	}
	return strings.Join(words, ", ")
}

// unfinished lists all hosts that lack the payload.
func (r *results) unfinished() (lines []string) {
	for _, o := range r.Runs {
		lines = append(lines, o.unfinished()...)
	}
	return lines
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// results are those of a whole run, in the same words as cmd/uplinklab's.
type results struct {
	When    time.Time  `json:"when"`
	Machine string     `json:"machine"`
	Setup   string     `json:"setup"`
	Runs    []*outcome `json:"runs"`
}

func newResults(o *options) *results {
	groups := strings.Trim(strings.ReplaceAll(fmt.Sprint(o.groups), " ", " × "), "[]")
	return &results{
		When: time.Now().UTC(), Machine: "simulated; " + runtime.Version(),
		Setup: fmt.Sprintf("%s racks × %d hosts, %v MiB in %d pieces, uplinks %v Mbit/s, hosts %v Mbit/s, joins within %s",
			groups, o.hosts, o.payload, o.pieces, o.uplink, o.host, o.spread),
	}
}

func (r *results) finished() bool {
	return !slices.ContainsFunc(r.Runs, func(o *outcome) bool { return o.Finished < o.Expected })
}

// cases are the runs of each case.
func (r *results) cases() [][]*outcome {
	return experiment.ByCase(r.Runs, func(o *outcome) experiment.Case { return o.Case })
}

// table has a row for each case. Its first row are the names of columns.
func (r *results) table() [][]string {
	rows := [][]string{{"client", "tracker", "repr.", "fault", "copies in", "max", "copies out", "max", "makespan s", "× bound", "median s", "longest s", "have it"}}
	for _, runs := range r.cases() {
		k := runs[0].Case
		representatives := "–"
		if k.Representatives > 0 {
			representatives = fmt.Sprint(k.Representatives)
		}
		finished, expected := 0, 0
		for _, o := range runs {
			finished, expected = finished+o.Finished, expected+o.Expected
		}
		rows = append(rows, []string{
			k.Client, k.Tracker, representatives, k.Fault,
			mean(runs, func(o *outcome) float64 { return o.In.Mean }), most(runs, func(o *outcome) float64 { return o.In.Max }),
			mean(runs, func(o *outcome) float64 { return o.Out.Mean }), most(runs, func(o *outcome) float64 { return o.Out.Max }),
			extent(runs, "%.1f", func(o *outcome) float64 { return o.Makespan }), extent(runs, "%.2f", func(o *outcome) float64 { return o.Ratio }),
			extent(runs, "%.1f", func(o *outcome) float64 { return o.Times.Median }), extent(runs, "%.1f", func(o *outcome) float64 { return o.Longest }), fmt.Sprintf("%d of %d", finished, expected),
		})
	}
	return rows
}

func average(runs []*outcome, of func(*outcome) float64) (sum float64) {
	for _, o := range runs {
		sum += of(o) / float64(len(runs))
	}
	return sum
}

func mean(runs []*outcome, of func(*outcome) float64) string {
	return fmt.Sprintf("%.2f", average(runs, of))
}

func highest(runs []*outcome, of func(*outcome) float64) (highest float64) {
	for _, o := range runs {
		highest = max(highest, of(o))
	}
	return highest
}

func most(runs []*outcome, of func(*outcome) float64) string {
	return fmt.Sprintf("%.2f", highest(runs, of))
}

// extent is the lowest and the highest of those runs that finished.
func extent(runs []*outcome, format string, of func(*outcome) float64) string {
	var values []float64
	for _, o := range runs {
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

// report prints the results and writes the files that options name.
func (r *results) report(o *options, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n%s\n\n", r.Setup)
	columns := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, row := range r.table() {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if o.json != "" {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(text, '\n'), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	if o.svg != "" {
		return os.WriteFile(o.svg, r.plot(), 0o644) //nolint:gosec // likewise
	}
	return nil
}

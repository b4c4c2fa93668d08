package experiment

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Results are those of a whole run, of real pushes or simulated ones.
type Results struct {
	When      time.Time  `json:"when"`
	Machine   string     `json:"machine"`
	Setup     string     `json:"setup"`
	PlainCopy *PlainCopy `json:"plainCopy,omitempty"`
	Runs      []*Outcome `json:"runs"`

	Columns []Column              `json:"-"` // of the table, behind those that all have
	Plot    func(*Results) []byte `json:"-"`
}

// PlainCopy is what a copy of the payload costs that comes over one TCP connection from the core: the
// copies of a push are to be held against it.
type PlainCopy struct {
	In      float64 `json:"in"`      // bytes of frames into the rack, by those of the payload
	Out     float64 `json:"out"`     // and out of it: acknowledgements
	Seconds float64 `json:"seconds"` // it took
	Ratio   float64 `json:"ratio"`   // of that to the bound
}

func (p PlainCopy) String() string {
	return fmt.Sprintf("a plain copy over TCP counts as %.3f in and %.3f out, and takes %.1f s, %.2f × the bound", p.In, p.Out, p.Seconds, p.Ratio)
}

// Finished says whether all hosts of all runs have the payload.
func (r *Results) Finished() bool {
	return !slices.ContainsFunc(r.Runs, func(o *Outcome) bool { return !o.Complete() })
}

// Column is one of the table: its name, and what it says of the runs of one case.
type Column struct {
	Name string
	Of   func(Runs) string
}

// Columns are those that all programs have.
var Columns = []Column{
	{"client", func(r Runs) string { return r[0].Client }},
	{"tracker", func(r Runs) string { return r[0].Tracker }},
	{"repr.", Runs.representatives},
	{"fault", func(r Runs) string { return r[0].Fault }},
	{"copies in", func(r Runs) string { return fmt.Sprintf("%.2f", r.Mean(copiesIn)) }},
	{"max", func(r Runs) string { return fmt.Sprintf("%.2f", r.most(func(o *Outcome) float64 { return o.In.Max })) }},
	{"copies out", func(r Runs) string {
		return fmt.Sprintf("%.2f", r.Mean(func(o *Outcome) float64 { return o.Out.Mean }))
	}},
	{"max", func(r Runs) string { return fmt.Sprintf("%.2f", r.most(func(o *Outcome) float64 { return o.Out.Max })) }},
	{"makespan s", func(r Runs) string { return r.Extent("%.1f", func(o *Outcome) float64 { return o.Makespan }) }},
	{"× bound", func(r Runs) string { return r.Extent("%.2f", ratio) }},
	{"have it", Runs.have},
}

func copiesIn(o *Outcome) float64 { return o.In.Mean }
func ratio(o *Outcome) float64    { return o.Ratio }

// Table has a row for each case.
func (r *Results) Table() Table {
	columns := slices.Concat(Columns, r.Columns)
	rows := Table{nil}
	for _, c := range columns {
		rows[0] = append(rows[0], c.Name)
	}
	for _, runs := range r.cases() {
		var row []string
		for _, c := range columns {
			row = append(row, c.Of(runs))
		}
		rows = append(rows, row)
	}
	return rows
}

// Report prints the results, and writes the files that are named.
func (r *Results) Report(stdout io.Writer, to Files) error {
	r.print(stdout)
	if to.JSON != "" {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to.JSON, append(text, '\n'), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	if to.SVG != "" {
		if err := os.WriteFile(to.SVG, r.Plot(r), 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	if to.Docs != "" {
		return WriteDocument(to.Docs, "lab", r.Plot(r), r.markdown)
	}
	return nil
}

func (r *Results) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n\n", r.setup())
	r.Table().Text(w)
	fmt.Fprintln(w)
	for _, line := range r.unfinished() {
		fmt.Fprintln(w, line)
	}
}

func (r *Results) markdown(plot string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s. %s.\n\n![Copies of the payload over a rack's uplink](%s)\n\n", r.When.Format("2006-01-02 15:04 UTC"), r.Machine, r.setup(), plot)
	r.Table().Markdown(&b)
	for n, line := range r.unfinished() {
		fmt.Fprint(&b, strings.Repeat("\n", 1-min(n, 1)), "- ", line, "\n")
	}
	return b.String()
}

func (r *Results) setup() string {
	if r.PlainCopy == nil {
		return r.Setup
	}
	return r.Setup + "; " + r.PlainCopy.String()
}

// unfinished lists all hosts that lack the payload.
func (r *Results) unfinished() (lines []string) {
	for _, o := range r.Runs {
		lines = append(lines, o.unfinished()...)
	}
	return lines
}

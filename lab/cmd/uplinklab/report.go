package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// report prints the results and writes the files that options name.
func (l *lab) report(r *results, stdout io.Writer) error {
	r.print(stdout)
	if l.options.json != "" {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(l.options.json, append(text, '\n'), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	if l.options.svg != "" {
		if err := os.WriteFile(l.options.svg, r.plot(), 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	if l.options.docs != "" {
		return r.write(l.options.docs)
	}
	return nil
}

func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n%s\n\n", r.Setup, r.PlainCopy)
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range r.table() {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	_ = columns.Flush() // as printing does, it fails only if nobody reads
	fmt.Fprintln(w)
	for _, line := range r.unfinished() {
		fmt.Fprintln(w, line)
	}
}

// write puts the results into a document, and the plot beside it.
func (r *results) write(path string) error {
	return experiment.WriteDocument(path, "lab", r.plot(), r.markdown)
}

func (r *results) markdown(plot string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s. %s; %s.\n\n![Copies of the payload over a rack's uplink](%s)\n\n", r.When.Format("2006-01-02 15:04 UTC"), r.Machine, r.Setup, r.PlainCopy, plot)
	for n, row := range r.table() {
		fmt.Fprintln(&b, "| "+strings.Join(row, " | ")+" |")
		if n == 0 {
			fmt.Fprintln(&b, strings.Repeat("| --- ", len(row))+"|")
		}
	}
	for n, line := range r.unfinished() {
		fmt.Fprint(&b, strings.Repeat("\n", 1-min(n, 1)), "- ", line, "\n")
	}
	return b.String()
}

package experiment

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is printed for a terminal or for Markdown. Its first row are the names of columns.
type Table [][]string

// Text is for a terminal.
func (t Table) Text(w io.Writer) {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range t {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	_ = columns.Flush() // as printing does, it fails only if nobody reads
}

// Markdown is for a document.
func (t Table) Markdown(w io.Writer) {
	for n, row := range t {
		fmt.Fprintln(w, "| "+strings.Join(row, " | ")+" |")
		if n == 0 {
			fmt.Fprintln(w, strings.Repeat("| --- ", len(row))+"|")
		}
	}
}

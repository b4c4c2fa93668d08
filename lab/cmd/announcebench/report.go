package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lua"
)

var protocolNames = map[string]string{
	protocolKeepAlive: "HTTP keep-alive",
	protocolClose:     "HTTP, a connection each",
	protocolUDP:       "UDP",
}

// announces are all cells.
func (s *suite) announces() experiment.Table {
	t := experiment.Table{{
		"tracker", "load", "protocol", "announces/s", "tracker µs", "Redis µs", "sum µs", "× opentracker", "× floor", "generator µs",
		"at", "p50 ms", "p99 ms", "p99.9 ms", "peers/reply",
	}}
	for _, c := range s.cells {
		row := []string{c.name, c.String(), protocolNames[c.protocol]}
		if c.none() {
			t = append(t, append(row, "no UDP", "", "", "", "", "", "", "", "", "", "", ""))
			continue
		}
		t = append(t, append(row,
			fmt.Sprintf("%.0f", c.perSecond()), micros(c.frontend()), micros(c.store()), micros(c.whole()),
			fmt.Sprintf("%.2f", c.times(s.baseline(c))), s.timesFloor(c), micros(c.generator()),
			fmt.Sprintf("%.0f/s", c.rate), millis(c.open.P50), millis(c.open.P99), millis(c.open.P999),
			fmt.Sprintf("%.1f", c.closed[0].PeersPerReply)))
	}
	return t
}

// baseline is opentracker under the same load, over HTTP or UDP.
func (s *suite) baseline(c *cell) *cell {
	if c.protocol == protocolUDP {
		return s.find(opentrackerName, c.workload, protocolUDP)
	}
	return s.find(opentrackerName, c.workload, protocolClose)
}

// timesFloor compares a cell of ours with the floor under the same load, if that was measured.
func (s *suite) timesFloor(c *cell) string {
	floor := s.find(floorName, c.workload, c.protocol)
	if floor == nil || floor.none() || c.name == opentrackerName {
		return ""
	}
	return fmt.Sprintf("%.2f", c.times(floor))
}

func (s *suite) memories() experiment.Table {
	t := experiment.Table{{"tracker", "load", "bytes for a peer"}}
	for _, m := range s.memory {
		t = append(t, []string{m.name, m.String(), fmt.Sprintf("%.0f", m.perPeer)})
	}
	return t
}

func (s *suite) scriptCosts() experiment.Table {
	t := experiment.Table{{"announce script", "Redis µs", "× no-op", "bytes for a peer"}}
	for _, c := range s.script {
		t = append(t, []string{c.name, micros(c.micros), fmt.Sprintf("%.2f", c.cost), fmt.Sprintf("%.0f", c.bytes)})
	}
	return t
}

// functions are what the scripts of an announce define anew in every call.
func functions() experiment.Table {
	t := experiment.Table{{"script", "functions", "bytes"}}
	for _, name := range emptied {
		t = append(t, []string{name, strconv.Itoa(countFunctions(lua.All[name])), strconv.Itoa(len(lua.All[name]))})
	}
	return t
}

var (
	luaComment  = regexp.MustCompile(`(?s)--\[\[.*?\]\]|--[^\n]*`)
	luaFunction = regexp.MustCompile(`\bfunction\b`)
)

func countFunctions(script string) int {
	return len(luaFunction.FindAllString(luaComment.ReplaceAllString(script, ""), -1))
}

func (s *suite) stormed() experiment.Table {
	r := s.storm
	return experiment.Table{
		{"storm", "answered", "refused", "failed", "late", "p50 ms", "p99 ms", "max ms", "frontend MB before", "after"},
		{
			fmt.Sprintf("%d hosts", r.Answered+r.bad()), fmt.Sprint(r.Answered), fmt.Sprint(r.Refused), fmt.Sprint(r.Failed), fmt.Sprint(r.Late),
			millis(r.P50), millis(r.P99), millis(r.Max), megabytes(r.Before["frontend"]), megabytes(r.After["frontend"]),
		},
	}
}

// faults are announces that were not answered well, one line for each cell.
func (s *suite) faults() (lines []string) {
	for _, c := range s.cells {
		if n, fault := c.bad(); n > 0 {
			lines = append(lines, fmt.Sprintf("%s, %s, %s: %d announces were not answered well: %s", c.name, c.workload, protocolNames[c.protocol], n, cmp.Or(fault, "late")))
		}
	}
	if s.storm.Fault != "" {
		lines = append(lines, "storm: "+s.storm.Fault)
	}
	return lines
}

func micros(n float64) string { return fmt.Sprintf("%.1f", n) }
func millis(n float64) string { return fmt.Sprintf("%.2f", n) }
func megabytes(n int) string  { return fmt.Sprintf("%.0f", float64(n)/(1<<20)) }

func (s *suite) tables() []experiment.Table {
	all := []experiment.Table{s.announces(), s.memories(), s.stormed(), functions()}
	if s.scripts {
		all = append(all, s.scriptCosts())
	}
	return all
}

func (s *suite) print(w io.Writer) {
	fmt.Fprintln(w, s.machine)
	for _, t := range s.tables() {
		fmt.Fprintln(w)
		t.Text(w)
	}
	fmt.Fprintln(w)
	for _, line := range s.faults() {
		fmt.Fprintln(w, line)
	}
	for _, v := range s.verdicts() {
		fmt.Fprintln(w, v)
	}
}

// plot draws what an announce costs in each cell.
func (s *suite) plot() []byte {
	var labels []string
	cost := experiment.Panel{Title: "CPU time of an announce in µs", Legend: []string{"tracker", "Redis"}}
	for _, c := range s.cells {
		if !c.none() {
			labels = append(labels, fmt.Sprintf("%s, %s, %s", c.name, c.workload, protocolNames[c.protocol]))
			cost.Bars = append(cost.Bars, experiment.Bar{Parts: []float64{c.frontend(), c.store()}, Text: micros(c.whole())})
		}
	}
	return experiment.Bars(labels, cost)
}

// write puts the results into a document, and the plot beside it.
func (s *suite) write(path string) error {
	return experiment.WriteDocument(path, "bench", s.plot(), s.markdown)
}

func (s *suite) markdown(plot string) string {
	var results strings.Builder
	fmt.Fprintf(&results, "%s.\n\n![CPU time of an announce](%s)\n\n", s.machine, plot)
	for _, line := range s.faults() {
		fmt.Fprintf(&results, "- %s\n", line)
	}
	for _, v := range s.verdicts() {
		fmt.Fprintf(&results, "- %s\n", v)
	}
	for _, t := range s.tables() {
		fmt.Fprintln(&results)
		t.Markdown(&results)
	}
	return results.String()
}

package experiment

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var someResults = &Results{
	Columns: []Column{{"", Runs.Remark}}, Plot: CopiesAndTimes,
	When: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Machine: "2 cores", Setup: "4 racks", PlainCopy: &PlainCopy{1.046, 0.025, 7, 1.05},
	Runs: []*Outcome{
		{Case: Case{Client: "aria2", Tracker: "ours", Representatives: 2, Fault: FaultNone}, In: Spread{1.25, 1.5}, Makespan: 20, Bound: 10, Ratio: 2, Finished: 24, Expected: 24, CPU: 0.25},
		{Case: Case{Client: "aria2", Tracker: "ours", Representatives: 2, Fault: FaultNone}, In: Spread{1.75, 1.8}, Makespan: 30, Bound: 10, Ratio: 3, Finished: 24, Expected: 24, CPU: 0.35, CPUBound: true},
		{Case: Case{Client: "<aria2>", Tracker: "opentracker", Representatives: 0, Fault: "representatives"}, In: Spread{4, 5}, Bound: 10, Finished: 1, Expected: 2, Hosts: []Host{
			{Name: "r1h1", Addr: "10.77.1.1", Client: "aria2", Failure: FailureKilled},
			{Name: "r1h2", Addr: "10.77.1.2", Client: "aria2", Failure: "has 3 of 64 pieces"},
		}},
	},
}

func TestTable(t *testing.T) {
	want := [][]string{
		{"client", "tracker", "repr.", "fault", "copies in", "max", "copies out", "max", "makespan s", "× bound", "have it", ""},
		{"aria2", "ours", "2", "none", "1.50", "1.80", "0.00", "0.00", "20.0–30.0", "2.00–3.00", "48 of 48", "CPU-BOUND"},
		{"<aria2>", "opentracker", "–", "representatives", "4.00", "5.00", "0.00", "0.00", "–", "–", "1 of 2", "UNFINISHED"},
	}
	if got := someResults.Table(); !reflect.DeepEqual([][]string(got), want) {
		t.Errorf("\n%q instead of\n%q", got, want)
	}
	line := "<aria2>, opentracker, representatives: r1h2 (10.77.1.2, aria2): has 3 of 64 pieces"
	if got := someResults.unfinished(); !reflect.DeepEqual(got, []string{line}) || someResults.Finished() {
		t.Errorf("%q instead of %q", got, line)
	}
	var text strings.Builder
	someResults.print(&text)
	if !strings.Contains(text.String(), line) {
		t.Error(text.String())
	}
}

func TestPlotsAreXML(t *testing.T) {
	for name, plot := range map[string]func(*Results) []byte{"bars": CopiesAndTimes, "curves": Curves} {
		for decoder := xml.NewDecoder(bytes.NewReader(plot(someResults))); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// A document keeps what is outside of the marks, and a second run replaces the first.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uplink.md")
	if err := os.WriteFile(path, []byte("before\n"+"<!-- lab -->\n"+"old"+"<!-- /lab -->"+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range 2 {
		if err := someResults.Report(io.Discard, Files{Docs: path}); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(path)
		texts = append(texts, string(text))
	}
	if !strings.HasPrefix(texts[0], "before\n"+"<!-- lab -->\n") || !strings.HasSuffix(texts[0], "<!-- /lab -->"+"\nafter\n") || strings.Contains(texts[0], "old") ||
		!strings.Contains(texts[0], "| aria2 | ours | 2 |") || texts[0] != texts[1] {
		t.Errorf("%s\nand then\n%s", texts[0], texts[1])
	}
	if _, err := os.Stat(strings.TrimSuffix(path, "md") + "svg"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := someResults.Report(io.Discard, Files{Docs: path}); err == nil {
		t.Error("a document without marks was taken")
	}
}

func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 20).Draw(t, "values")
		s := SpreadOf(values)
		if s.Mean > s.Max+1e-9 || s.Max > 100 || s.Mean < 0 {
			t.Fatalf("%v: %+v", values, s)
		}
	})
	if s := SpreadOf([]float64{1, 2, 3}); s.Max != 3 || s.Mean < 1.999 || s.Mean > 2.001 {
		t.Errorf("%+v", s)
	}
}

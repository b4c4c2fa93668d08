package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// measured is a suite as it is after a run in which ours costs twice what opentracker
// costs, and 1.6 times the floor.
func measured() *suite {
	s := &suite{scripts: true, storm: &result{counts: counts{Answered: 100}}}
	theirs, ours, floor := &deployment{name: opentrackerName, udp: true}, &deployment{name: oursName, udp: true}, &deployment{name: floorName, udp: true}
	for _, w := range floorWorkloads {
		for _, protocol := range protocols {
			if protocol != protocolKeepAlive {
				s.cells = append(s.cells, &cell{deployment: theirs, workload: w, protocol: protocol, closed: rounds(10, 0), open: &result{}})
			}
			s.cells = append(s.cells, &cell{deployment: ours, workload: w, protocol: protocol, closed: rounds(12, 8), open: &result{}})
		}
		for _, protocol := range floorProtocols {
			s.cells = append(s.cells, &cell{deployment: floor, workload: w, protocol: protocol, closed: rounds(10, 2.5), open: &result{}})
		}
	}
	s.memory = []memory{{theirs, manyTransfers, 30}, {ours, manyTransfers, 600}}
	s.script = []scriptCost{
		{"rack of 40 of 10000", 8, 3, 750},
		{"representative with 10000 racks", 12, 7, 900},
		{"rack of 40 of 1000000", 9, 4, 701},
	}
	return s
}

// rounds are three whose median has these costs.
func rounds(frontend, redis float64) (all []*result) {
	for _, factor := range []float64{1, 0.5, 9} {
		all = append(all, &result{PerSecond: 1000 * factor, CPU: map[string]float64{"frontend": frontend * factor, "redis": redis * factor}})
	}
	return all
}

func TestVerdicts(t *testing.T) {
	s := measured()
	s.cells[2].closed[0].Refused, s.cells[2].closed[0].Fault = 4, "it was late"
	s.find(oursName, fewTransfers, protocolKeepAlive).closed = rounds(21, 0)
	s.find(oursName, fewTransfers, protocolUDP).deployment = &deployment{name: oursName}
	var lines []string
	for _, v := range s.verdicts() {
		lines = append(lines, v.String())
	}
	want := []string{
		"met: CPU of an announce, 1000 transfers, over HTTP keep-alive: 1.60 × floor, at most 1.6 × floor",
		"met: CPU of an announce, 1000 transfers, over UDP: 1.60 × floor, at most 1.6 × floor",
		"MISSED: CPU of an announce, 10 transfers, over HTTP keep-alive: 1.68 × floor, at most 1.6 × floor",
		"not measured: CPU of an announce, 10 transfers, over UDP: no UDP",
		"met: CPU of the announce script, rack of 40 of 10000: 3.00 × no-op, at most 3.5 × no-op",
		"MISSED: CPU of the announce script, representative with 10000 racks: 7.00 × no-op, at most 6 × no-op",
		"not measured: CPU of the announce script, flat swarm of 100000: the benchmark has no such case",
		"not measured: CPU of the announce script, flat swarm of 1000000: the benchmark has no such case",
		"not measured: memory of Redis for a peer, flat swarm of 1000000: the benchmark has no such case",
		"MISSED: memory of Redis for a peer, rack of 40 of 1000000: 701 bytes, at most 700 bytes",
		"met: storm: of 100 that start in one second, those refused, failed or late: 0 hosts, at most 0 hosts",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("verdicts:\n%s", got)
	}
	err := missed(s.verdicts())
	if err == nil || strings.Count(err.Error(), ";") != 2 || !strings.Contains(err.Error(), "10000 racks") {
		t.Errorf("missed: %v", err)
	}
	if faults := s.faults(); len(faults) != 1 || !strings.Contains(faults[0], "4 announces") || !strings.Contains(faults[0], "it was late") {
		t.Errorf("faults: %q", faults)
	}
}

func TestGrowthVerdict(t *testing.T) {
	s := &suite{script: []scriptCost{{flat, 30, 4, 700}, {millionFlat, 33, 6, 690}}}
	if v := s.growthVerdict(); !v.met() || v.String() != "met: CPU of the announce script, flat swarm of 1000000: 1.10 × flat swarm of 100000, at most 1.1 × flat swarm of 100000" {
		t.Error(v)
	}
	s.script[1].micros = 34
	if v := s.growthVerdict(); v.met() {
		t.Error(v)
	}
}

func TestStormVerdict(t *testing.T) {
	s := measured()
	s.storm.Late = 1
	if err := missed(s.verdicts()); err == nil || !strings.Contains(err.Error(), "storm: of 101") {
		t.Errorf("one who is late: %v", err)
	}
}

// The document keeps what stands around the results, however often they are written.
func TestDocument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("before\n"+"<!-- bench -->\n"+"old\n"+"<!-- /bench -->"+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := measured()
	var texts [2]string
	for n := range texts {
		if err := s.write(path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[n] = string(text)
	}
	if texts[0] != texts[1] || !strings.HasPrefix(texts[0], "before\n"+"<!-- bench -->\n") || !strings.HasSuffix(texts[0], "<!-- /bench -->"+"after\n") || strings.Contains(texts[0], "old") {
		t.Errorf("the document is\n%s", texts[0])
	}
	for _, want := range []string{
		"| 1 frontend | 1000 transfers | UDP | 1000 | 12.0 | 8.0 | 20.0 | 2.00 | 1.60 |", "| 1 frontend | 1000 transfers | 600 |",
		"![CPU time of an announce](performance.svg)", "\n- MISSED: ", "| 100 hosts | 100 | 0 |",
	} {
		if !strings.Contains(texts[0], want) {
			t.Errorf("the document lacks %q:\n%s", want, texts[0])
		}
	}
	checkSVG(t, filepath.Join(filepath.Dir(path), "performance.svg"), len(s.cells))
}

// checkSVG reads the plot as XML, and counts its bars.
func checkSVG(t *testing.T, path string, bars int) {
	t.Helper()
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	count := map[string]int{}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
	if count["svg"] != 1 || count["rect"] != 1+2+2*bars || count["text"] != 1+2+2*bars {
		t.Errorf("%d bars are drawn as %v", bars, count)
	}
}

func TestDocumentWithoutAPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := measured().write(path); err == nil || !strings.Contains(err.Error(), "<!-- bench -->") {
		t.Errorf("error %v", err)
	}
}

func TestParseScriptCosts(t *testing.T) {
	costs, err := parseScriptCosts("goos: linux\n" +
		"BenchmarkAnnounceScript/rack_of_40_of_10000-2  \t 2\t 700.5 bytes/peer\t 52.64 redis-µs/announce\t 3.394 ×no-op\n" +
		"BenchmarkAnnounceScript/flat 2 99.07 redis-µs/announce 7.445 ×no-op\nPASS\n")
	if err != nil || len(costs) != 2 || costs[0] != (scriptCost{"rack of 40 of 10000", 52.64, 3.394, 700.5}) || costs[1] != (scriptCost{"flat", 99.07, 7.445, 0}) {
		t.Errorf("%+v, %v", costs, err)
	}
	for _, bad := range []string{"PASS\n", "BenchmarkAnnounceScript/a-2 2 x ×no-op\n"} {
		if costs, err := parseScriptCosts(bad); err == nil {
			t.Errorf("%q: %+v", bad, costs)
		}
	}
}

func TestParseUsedMemory(t *testing.T) {
	if n, err := parseUsedMemory("# Memory\r\nused_memory:1234\r\nused_memory_rss:99\r\n"); n != 1234 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := parseUsedMemory("NOAUTH"); err == nil {
		t.Errorf("%d", n)
	}
}

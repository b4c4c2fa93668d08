package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// The longest time without a piece counts: from the fault on, until the last piece or the end.
func TestStandstill(t *testing.T) {
	const all = 9
	type poll struct{ second, pieces int }
	for name, c := range map[string]struct {
		polls []poll
		want  time.Duration
	}{
		"a piece each second":       {[]poll{{11, 4}, {12, 5}, {13, 9}}, time.Second},
		"nothing from the fault on": {[]poll{{11, 3}, {17, 4}, {18, 9}}, 7 * time.Second},
		"nothing later on":          {[]poll{{11, 4}, {12, 5}, {20, 5}, {21, 6}, {24, 9}}, 9 * time.Second},
		"nothing to the end":        {[]poll{{11, 4}, {12, 4}, {40, 4}}, 29 * time.Second},
		"nothing once all have all": {[]poll{{12, 9}, {99, 9}}, 2 * time.Second},
	} {
		s := standstill{progress: progress{3, all}, moved: 10 * time.Second}
		for _, p := range c.polls {
			s.see(time.Duration(p.second)*time.Second, progress{p.pieces, all})
		}
		if s.longest != c.want {
			t.Errorf("%s: %v instead of %v", name, s.longest, c.want)
		}
	}
}

// One of two representatives is killed in a real push: the others of its rack have the payload, and the
// results say how long they stood still.
func TestRepresentativeIsKilled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "results.json")
	out, err := exec.Command(build(t), "--racks", "1", "--hosts", "3", "--payload", "4", "--clients", "aria2", "--trackers", ours,
		"--representatives", "2", "--faults", "representative", "--json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "stood still s") {
		t.Errorf("the table does not say how long:\n%s", out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r experiment.Results
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	o, killed := r.Runs[0], 0
	for _, h := range o.Hosts {
		if h.Failure == experiment.FailureKilled {
			killed++
		}
	}
	if killed != 1 || o.Expected != 2 || !o.Complete() || o.FaultAt <= 0 || o.Standstill <= 0 || o.Standstill > o.Makespan {
		t.Errorf("%d killed; %+v", killed, o)
	}
}

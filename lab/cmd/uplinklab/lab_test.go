package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// build compiles this program, with the race detector if the tests have it.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "uplinklab")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// A real push to two racks of two hosts, in rows, with each tracker: every host has the
// payload, and at least one copy crossed each uplink.
func TestSmallLab(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "results.json")
	out, err := exec.Command(build(t), "--racks", "2x1", "--hosts", "2", "--payload", "2", "--clients", "aria2", "--representatives", "1",
		"--json", file, "--svg", filepath.Join(dir, "plot.svg"), "--logs", filepath.Join(dir, "logs")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r experiment.Results
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.PlainCopy.In < 1 || r.PlainCopy.Ratio < 0.9 || len(r.Runs) != 2 {
		t.Errorf("%s", text)
	}
	for _, o := range r.Runs {
		if !o.Complete() || o.Expected != 4 || o.Makespan <= 0 || len(o.Racks) != 2 || len(o.Groups) != 2 || len(o.Hosts) != 4 {
			t.Errorf("%+v", o)
		}
		for _, u := range slices.Concat(o.Racks, o.Groups) {
			if u.In < 1 || u.In > 10 || u.Out <= 0 {
				t.Errorf("%s: %+v", o.Case, u)
			}
		}
		representatives := 0
		for _, h := range o.Hosts {
			if h.In < 1 || h.Seconds <= 0 || h.Share != 1 {
				t.Errorf("%s: %+v", o.Case, h)
			}
			if h.Representative {
				representatives++
			}
		}
		if want := 2 * o.Representatives; representatives != want {
			t.Errorf("%s: %d representatives instead of %d", o.Case, representatives, want)
		}
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "logs", "*", "*.log"))
	if len(logs) < 10 {
		t.Errorf("the only logs are %v", logs)
	}
}

// Hosts that do not get the payload in time are listed, and the run says so.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(build(t), "--racks", "1", "--hosts", "1", "--payload", "1", "--clients", "aria2", "--trackers", flat, "--limit", "1ms").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v instead of status 1", err)
	}
	for _, want := range []string{"r1h1 (10.77.1.1, aria2): has 0 of 4 pieces", "UNFINISHED", "uplinklab: " + errUnfinished.Error()} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

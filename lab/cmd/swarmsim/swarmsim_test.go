package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// watched is our tracker, with an eye on what it hands out.
type watched struct {
	swarmsim.Tracker
	t          *testing.T
	locations  map[netip.AddrPort]tracker.Location
	represents map[netip.AddrPort]int // groups, from the rack outwards, when it announced last
	crossed    int                    // racks, by a handout
	dead       int
}

func (w *watched) Announce(now time.Duration, a tracker.Announce) (tracker.Handout, error) {
	h, err := w.Tracker.Announce(now, a)
	w.locations[a.Addr], w.represents[a.Addr] = a.Location, h.Represents
	for _, peer := range h.Peers {
		// How many groups a host must represent to be handed that far.
		mine, others := apart(a.Location, w.locations[peer.Addr4])
		if mine > w.represents[a.Addr] || others > w.represents[peer.Addr4] {
			w.t.Errorf("%s, who represents %d groups, is handed %s, who represents %d", a.Location,
				w.represents[a.Addr], w.locations[peer.Addr4], w.represents[peer.Addr4])
		}
		w.crossed += min(mine, 1)
	}
	return h, err
}

func (w *watched) Probed(now time.Duration, c tracker.Check, took time.Duration, alive bool) (tracker.Check, bool, error) {
	next, again, err := w.Tracker.Probed(now, c, took, alive)
	if !alive && !again {
		w.dead++
	}
	return next, again, err
}

// apart says how many groups, from its rack outwards, each of two hosts is in without the other.
func apart(a, b tracker.Location) (int, int) {
	as, bs := a.Groups(), b.Groups()
	for len(as) > 0 && len(bs) > 0 && as[len(as)-1] == bs[len(bs)-1] {
		as, bs = as[:len(as)-1], bs[:len(bs)-1]
	}
	return len(as), len(bs)
}

// TestRealHandout simulates small swarms with the real scripts: nobody but representatives is
// ever handed across racks (R1), and everybody who lives gets everything.
func TestRealHandout(t *testing.T) {
	b := &backend{redis: redisStart}
	defer b.close()
	for _, test := range []struct {
		name string
		args string
		dead int // representatives that probes find
	}{
		{"racks", "--racks 4 --clients libtorrent", 0},
		{"one representative", "--racks 4 --representatives 1 --clients mix", 0},
		{"over an hour", "--racks 4 --spread 1h --clients mix", 0},
		{"three levels", "--racks 2x2x2 --hosts 4 --clients qbittorrent", 0},
		{"the seeder in a rack", "--faults seeder-in-rack", 0},
		{"slow hosts", "--faults slow-hosts --slow 0.1", 0},
		{"dead representatives", "--faults representatives --dead 2", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, err := parseOptions(strings.Fields("--pieces 128 "+test.args), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			k := o.Cases(flat)[0]
			scripts, err := b.tracker(k, o.seed, o)
			if err != nil {
				t.Fatal(err)
			}
			w := &watched{scripts, t, map[netip.AddrPort]tracker.Location{}, map[netip.AddrPort]int{}, 0, 0}
			outcome, err := swarmsim.New(o.config(k, o.seed), w).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if outcome.Finished != outcome.Expected || w.crossed == 0 || w.dead != test.dead {
				t.Errorf("%d of %d hosts finished; %d handed across racks; %d found dead, expected %d",
					outcome.Finished, outcome.Expected, w.crossed, w.dead, test.dead)
			}
			if k.Representatives == 1 && math.Abs(outcome.In.Max-1) > 1e-6 {
				t.Errorf("%v copies came in over one representative", outcome.In.Max)
			}
		})
	}
}

// TestProgram runs all trackers, and reads what it writes.
func TestProgram(t *testing.T) {
	file, plot := filepath.Join(t.TempDir(), "results.json"), filepath.Join(t.TempDir(), "plot.svg")
	var stdout bytes.Buffer
	args := "--racks 3 --pieces 64 --clients libtorrent --trackers ours,naive,flat --repeat 2 --redis embedded --json " + file + " --svg " + plot
	if err := run(t.Context(), strings.Fields(args), &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r experiment.Results
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 2*(2+2+1) {
		t.Fatalf("%d runs", len(r.Runs))
	}
	in := map[string]float64{}
	for _, o := range r.Runs {
		in[o.Case.String()] += o.In.Mean / 2
		if len(o.Hosts) != 18 || len(o.Racks) != 3 || o.Finished != 18 || o.Makespan < o.Bound {
			t.Errorf("%s: %d hosts, %d racks, %d finished, makespan %v", o.Case, len(o.Hosts), len(o.Racks), o.Finished, o.Makespan)
		}
	}
	if one, two, flat := in["libtorrent, ours (1)"], in["libtorrent, ours (2)"], in["libtorrent, flat"]; !(one < 1.001 && one < two && two <= 2 && two < flat) {
		t.Errorf("copies in: %v with one representative, %v with two, %v without racks", one, two, flat)
	}
	if svg, err := os.ReadFile(plot); err != nil || strings.Count(string(svg), "<path") != 5 {
		t.Errorf("plot: error %v\n%s", err, svg)
	}
	if lines := strings.Count(stdout.String(), "36 of 36"); lines != 5 {
		t.Errorf("%d lines of cases in\n%s", lines, stdout.String())
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"--hosts 0":                 "--hosts: must be 1 to 10000, not 0",
		"--racks 1000 --hosts 1000": "--racks, --hosts: hosts in all: must be 1 to 100000, not 1e+06",
		"--racks 1x1x1x1x1":         "--racks: groups around a rack: must be 1 to 4, not 5",
		"--uplink NaN":              "--uplink: must be 0.1 to 1e+06, not NaN",
		"--clients utorrent":        "utorrent",
		"--preset huge":             "must be one of laboratory, large",
		"surplus":                   `unknown argument "surplus"`,
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", args, err, want)
		}
	}
	o, err := parseOptions(strings.Fields("--preset large --racks 10x25 --spread 1h"), io.Discard)
	if err != nil || o.Racks()*o.Hosts != 10_000 || o.Spread != time.Hour || o.config(o.Cases(flat)[0], 1).Step == 0 {
		t.Errorf("%+v, error %v", o, err)
	}
}

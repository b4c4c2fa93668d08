package main

import (
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

func parseWords(t *testing.T, words string) *options {
	t.Helper()
	o, err := parseOptions(strings.Fields(words), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOptions(t *testing.T) {
	o := parseWords(t, "--preset reference --racks 2x3 --hosts 5 --clients rtorrent,mix --representatives 1,3 --set MAXPEERS=9 --set A=b")
	if !reflect.DeepEqual(o.Groups, []int{2, 3}) || o.Racks() != 6 || o.Hosts != 5 || o.Payload != 64 || o.Uplink != 50 {
		t.Errorf("%+v", o)
	}
	if !reflect.DeepEqual(o.settings, []string{"MAXPEERS=9", "A=b"}) {
		t.Errorf("settings %q", o.settings)
	}
}

func TestBadOptions(t *testing.T) {
	for words, want := range map[string]string{
		"--preset huge":             "preset",
		"--racks 2x0":               "racks",
		"--racks 1x1x1x1x1":         "--racks",
		"--racks 201":               "--racks",
		"--hosts 0":                 "--hosts",
		"--payload 0":               "--payload",
		"--uplink 0":                "uplink",
		"--host fast":               "host",
		"--uplink NaN":              "uplink",
		"--clients aria2,netscape":  `"netscape"`,
		"--trackers theirs":         `"theirs"`,
		"--representatives 2,many":  `"many"`,
		"--faults earthquake":       `"earthquake"`,
		"--set MAXPEERS":            "set",
		"--limit 0s":                "--limit",
		"--repeat 0":                "--repeat",
		"--frontends 21":            "--frontends",
		"--clients aria2 superlong": `"superlong"`,
	} {
		_, err := parseOptions(strings.Fields(words), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v does not say %s in a line", words, err, want)
		}
	}
}

// The bound is that of 64 MiB over 50 Mbit/s, whichever link is narrower; a host with a
// quarter of its rate needs four times as long.
func TestBound(t *testing.T) {
	for words, want := range map[string]float64{
		"--preset reference":            10.737,
		"--preset reference --host 100": 10.737,
		"--preset reference --host 25":  21.475,
	} {
		if got := faults[experiment.FaultNone].bound(parseWords(t, words)); math.Abs(got-want) > 0.001 {
			t.Errorf("%s: %v instead of %v", words, got, want)
		}
	}
	if got := faults["slow-host"].bound(parseWords(t, "--preset reference")); math.Abs(got-42.950) > 0.001 {
		t.Errorf("slow host: %v", got)
	}
}

func TestMatrix(t *testing.T) {
	o := parseWords(t, "--clients aria2,mix --representatives 2,1 --faults none,frontend")
	var got []string
	for _, k := range o.cases() {
		got = append(got, k.String())
	}
	want := []string{
		"aria2, ours (2)", "aria2, ours (1)", "aria2, opentracker", "aria2, ours (2), frontend", "aria2, ours (1), frontend",
		"mix, ours (2)", "mix, ours (1)", "mix, opentracker", "mix, ours (2), frontend", "mix, ours (1), frontend",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

// Each client of a mix is in every rack that has room, and the seeder runs one of them.
func TestMix(t *testing.T) {
	for rack := range 7 {
		seen := map[string]bool{}
		for number := range mixed {
			seen[clientOf(experiment.Mix, rack, number)] = true
		}
		if len(seen) != len(mixed) {
			t.Errorf("rack %d has only %v", rack, seen)
		}
	}
	if client := clientOf("rtorrent", 3, 2); client != "rtorrent" {
		t.Error(client)
	}
}

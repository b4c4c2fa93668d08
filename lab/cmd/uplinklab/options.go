package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// options are what a run is made of.
type options struct {
	groups          []int // racks, or groups around them, in each group, outermost first
	hosts           int   // in each rack
	payload         int   // MiB
	uplink, host    rate
	segments        int // of TCP that are passed on as one
	clients         []string
	trackers        []string
	representatives []int
	faults          []string
	repeat          int
	frontends       int
	settings        []string // NAME=value, for our tracker
	spread, limit   time.Duration
	discovery       bool

	json, svg, docs, logs string // files to write, and a directory
}

// rate is in Mbit/s.
type rate float64

func (r rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) }

// Set reads a number of Mbit/s.
func (r *rate) Set(text string) error {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0.1 && value <= 10_000) {
		return errors.New("must be a number of Mbit/s from 0.1 to 10000")
	}
	*r = rate(value)
	return nil
}

// presets are named sets of options; what follows on the command line wins.
var presets = map[string]func(*options){
	// small is over in about a minute with one client.
	"small": func(o *options) { o.groups, o.hosts, o.payload, o.uplink, o.host = []int{2}, 3, 8, 20, 20 },
	// reference is what figures of other trackers are known for.
	"reference": func(o *options) {
		o.groups, o.hosts, o.payload, o.uplink, o.host, o.limit = []int{4}, 6, 64, 50, 50, 5*time.Minute
	},
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{
		groups: []int{4}, hosts: 6, payload: 16, uplink: 20, host: 20, segments: 4,
		clients: []string{"aria2", mix}, trackers: []string{ours, flat}, representatives: []int{2, 1}, faults: []string{experiment.FaultNone},
	}
	flags := flag.NewFlagSet("uplinklab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("preset", "`name` of a set of options, given before those that change it: "+names(presets), o.preset)
	flags.Func("racks", "`number` of racks (4), or numbers like 2x3: two rows of three racks each; hosts'\n"+
		"locations then are paths, and each group has an uplink; up to 4 numbers", experiment.Numbers(&o.groups, "x", 1))
	flags.IntVar(&o.hosts, "hosts", o.hosts, "`number` of hosts in each rack")
	flags.IntVar(&o.payload, "payload", o.payload, "size of the payload in `MiB`")
	flags.Var(&o.uplink, "uplink", "rate of each uplink and each direction in `Mbit/s`")
	flags.Var(&o.host, "host", "rate of each host's link and each direction in `Mbit/s`")
	flags.IntVar(&o.segments, "segments", o.segments, "`number` of TCP segments that the kernel may pass on as one, which spares CPU time; their\n"+
		"headers count once")
	flags.Func("clients", "`names` of clients, separated by commas: a case each (aria2,mix); "+mix+" is all of\n"+
		strings.Join(mixed, ", ")+"; there is also rtorrent-stock, without etc/rtorrent.rc", experiment.Names(&o.clients, append(slices.Sorted(maps.Keys(clients.All)), mix)))
	flags.Func("trackers", "`names` of trackers, likewise: "+ours+" and "+flat+" (both)", experiment.Names(&o.trackers, []string{ours, flat}))
	flags.Func("representatives", "`numbers` for MAX_REPR_RACK, likewise (2,1); our tracker alone", experiment.Numbers(&o.representatives, ",", 1))
	flags.Func("faults", "`names` of what goes wrong, likewise (none): "+names(faults), experiment.Names(&o.faults, slices.Sorted(maps.Keys(faults))))
	flags.IntVar(&o.repeat, "repeat", 1, "`number` of runs of each case")
	flags.IntVar(&o.frontends, "frontends", 1, "`number` of frontends of our tracker, behind haproxy")
	flags.Func("set", "setting of our tracker, like `MAXPEERS=50`; several flags: several settings", o.set)
	flags.DurationVar(&o.spread, "spread", time.Second, "`time` within which all clients start")
	flags.DurationVar(&o.limit, "limit", 4*time.Minute, "`time` after which a case ends, and hosts that lack the payload are listed")
	flags.BoolVar(&o.discovery, "discovery", false, "leave DHT, peer exchange and local discovery on; the torrent is private all the same")
	flags.StringVar(&o.json, "json", "", "`file` to write all results to, as JSON")
	flags.StringVar(&o.svg, "svg", "", "`file` to write a plot to")
	flags.StringVar(&o.docs, "docs", "", "`file` between whose marks the results are written, with a plot beside it")
	flags.StringVar(&o.logs, "logs", "", "`directory` for what trackers and clients print; without it, it goes when the run ends")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	return o, o.check()
}

func (o *options) preset(name string) error {
	p, ok := presets[name]
	if !ok {
		return errors.New("must be one of " + names(presets))
	}
	p(o)
	return nil
}

func (o *options) set(text string) error {
	if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
		return errors.New("must be NAME=value")
	}
	o.settings = append(o.settings, text)
	return nil
}

// check bounds what addresses and the machine have room for.
func (o *options) check() error {
	for _, b := range []struct {
		name             string
		value, low, high int
	}{
		{"--racks", o.racks(), 1, 200},
		{"--racks: groups around a rack", len(o.groups), 1, len(levels)},
		{"--hosts", o.hosts, 1, 200},
		{"--payload", o.payload, 1, 4096},
		{"--segments", o.segments, 1, 40},
		{"--repeat", o.repeat, 1, 1000},
		{"--frontends", o.frontends, 1, 20},
	} {
		if b.value < b.low || b.value > b.high {
			return fmt.Errorf("%s: must be %d to %d, not %d", b.name, b.low, b.high, b.value)
		}
	}
	if o.spread < 0 || o.limit <= 0 {
		return errors.New("--spread, --limit: must not be negative")
	}
	return nil
}

func (o *options) racks() int {
	product := 1
	for _, n := range o.groups {
		product *= n
	}
	return product
}

func (o *options) bytes() int { return o.payload << 20 }

// bound is the least time that a push can take: one copy over the narrowest link, without
// any headers.
func (o *options) bound() time.Duration {
	return time.Duration(float64(o.bytes()) * 8 / float64(min(o.uplink, o.host)*1e6) * float64(time.Second))
}

func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

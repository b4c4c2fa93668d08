package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// options are what a run is made of.
type options struct {
	groups          []int // racks, or groups around them, in each group, outermost first
	hosts           int   // in each rack
	payload         float64
	pieces          int
	uplink, host    float64 // Mbit/s
	clients         []string
	trackers        []string
	representatives []int
	faults          []string
	repeat          int
	maxPeers        int
	outsidePeers    int
	interval, probe time.Duration
	ttl             time.Duration
	spread, limit   time.Duration
	step            time.Duration
	slowShare       float64
	deadRacks       int
	seed            uint64

	redis     string // an address, or how to have one
	json, svg string
}

// presets are named sets of options; what follows on the command line wins.
var presets = map[string]func(*options){
	// laboratory is what cmd/uplinklab calls its reference, block for block.
	"laboratory": func(o *options) {
		o.groups, o.hosts, o.payload, o.pieces, o.uplink, o.host = []int{4}, 6, 64, 256, 50, 50
	},
	// large is what no laboratory holds: 10,000 hosts, 100 GiB.
	"large": func(o *options) {
		o.groups, o.hosts, o.payload, o.pieces, o.uplink, o.host = []int{250}, 40, 100<<10, 400, 10_000, 10_000
	},
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{
		clients: []string{"aria2"}, trackers: []string{ours}, representatives: []int{2, 1}, faults: []string{experiment.FaultNone},
	}
	presets["laboratory"](o)
	flags := flag.NewFlagSet("swarmsim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("preset", "`name` of a set of options, given before those that change it: "+names(presets), o.preset)
	flags.Func("racks", "`number` of racks, or numbers like 10x25: ten rows of 25 racks each; hosts' locations then are\n"+
		"paths, and each group has an uplink; up to 4 numbers", experiment.Numbers(&o.groups, "x", 1))
	flags.IntVar(&o.hosts, "hosts", o.hosts, "`number` of hosts in each rack")
	flags.Float64Var(&o.payload, "payload", o.payload, "size of the payload in `MiB`")
	flags.IntVar(&o.pieces, "pieces", o.pieces, "`number` of pieces that it is cut into; more take longer")
	flags.Float64Var(&o.uplink, "uplink", o.uplink, "rate of each uplink and each direction in `Mbit/s`")
	flags.Float64Var(&o.host, "host", o.host, "rate of each host's link and each direction in `Mbit/s`")
	flags.Func("clients", "`names` of clients, separated by commas: a case each (aria2); "+mix+" is all, by turns, of\n"+
		strings.Join(clientNames(), ", "), experiment.Names(&o.clients, append(clientNames(), mix)))
	flags.Func("trackers", "`names` of trackers, likewise (ours): "+ours+"; "+flat+" knows no racks; "+naive+" has representatives, and no more",
		experiment.Names(&o.trackers, []string{ours, flat, naive}))
	flags.Func("representatives", "`numbers` for MAX_REPR_RACK, likewise (2,1); not for "+flat, experiment.Numbers(&o.representatives, ",", 1))
	flags.Func("faults", "`names` of what goes wrong, likewise (none): "+names(faults), experiment.Names(&o.faults, slices.Sorted(maps.Keys(faults))))
	flags.Float64Var(&o.slowShare, "slow", 0.02, "`share` of the hosts that are slow if some are: their links have a quarter of the rate")
	flags.IntVar(&o.deadRacks, "dead", 1, "`number` of racks whose representatives die if some do")
	flags.IntVar(&o.repeat, "repeat", 1, "`number` of runs of each case, each with the next seed")
	flags.IntVar(&o.maxPeers, "max-peers", 30, "MAXPEERS: `number` of peers in a reply, at most")
	flags.IntVar(&o.outsidePeers, "outside-peers", 0, "OUTSIDE_PEERS: `number` of outside peers of a representative; 0: as many as the swarm needs")
	flags.DurationVar(&o.interval, "interval", 45*time.Second, "ACTIVE_INTERVAL: `time` between two announces")
	flags.DurationVar(&o.probe, "probe", 10*time.Second, "REPR_PROBE_INTERVAL: `time` between two probes of a representative; 0: none")
	flags.DurationVar(&o.ttl, "ttl", 660*time.Second, "PEER_TTL: `time` of silence after which a host counts as gone")
	flags.DurationVar(&o.spread, "spread", time.Second, "`time` within which all hosts join")
	flags.DurationVar(&o.limit, "limit", 0, "simulated `time` after which a case ends; 0: 60 times the bound, and the spread")
	flags.DurationVar(&o.step, "step", 0, "least simulated `time` between two times that links are shared; 0: at each change if there\n"+
		"are few hosts, and else a thousandth of the bound")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that decides all chance but that of handouts")
	flags.StringVar(&o.redis, "redis", redisStart, "`host:port` of a Redis for the tracker's state; "+redisStart+" starts one, "+redisEmbedded+" does without")
	flags.StringVar(&o.json, "json", "", "`file` to write all results to, as JSON")
	flags.StringVar(&o.svg, "svg", "", "`file` to write a plot to")
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

func (o *options) check() error {
	for _, b := range []struct {
		name             string
		value, low, high float64
	}{
		{"--racks", float64(o.racks()), 1, 10_000},
		{"--racks: groups around a rack", float64(len(o.groups)), 1, tracker.MaxGroups},
		{"--hosts", float64(o.hosts), 1, 10_000},
		{"--racks, --hosts: hosts in all", float64(o.racks() * o.hosts), 1, 100_000},
		{"--payload", o.payload, 1, 1 << 23},
		{"--pieces", float64(o.pieces), 1, 20_000},
		{"--uplink", o.uplink, 0.1, 1e6},
		{"--host", o.host, 0.1, 1e6},
		{"--slow", o.slowShare, 0, 1},
		{"--dead", float64(o.deadRacks), 1, 10_000},
		{"--repeat", float64(o.repeat), 1, 1000},
		{"--max-peers", float64(o.maxPeers), 1, 200},
		{"--outside-peers", float64(o.outsidePeers), 0, 200},
		{"--interval", o.interval.Seconds(), 1, 1e6},
		{"--probe", o.probe.Seconds(), 0, 3600},
		{"--ttl", o.ttl.Seconds(), 2, 1e6},
		{"--spread", o.spread.Seconds(), 0, 1e6},
		{"--limit", o.limit.Seconds(), 0, 1e9},
		{"--step", o.step.Seconds(), 0, 1e6},
	} {
		if !(b.value >= b.low && b.value <= b.high) {
			return fmt.Errorf("%s: must be %v to %v, not %v", b.name, b.low, b.high, b.value)
		}
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

func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

func clientNames() (all []string) {
	for _, c := range swarmsim.Clients {
		all = append(all, c.Name)
	}
	return all
}

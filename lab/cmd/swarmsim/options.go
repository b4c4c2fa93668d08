package main

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// options are what a run is made of.
type options struct {
	experiment.Options
	pieces          int
	maxPeers        int
	outsidePeers    int
	interval, probe time.Duration
	ttl             time.Duration
	step            time.Duration
	slowShare       float64
	deadRacks       int
	seed            uint64
	redis           string // an address, or how to have one
}

// laboratory is what cmd/uplinklab calls its reference, block for block.
func (o *options) laboratory() {
	o.Groups, o.Hosts, o.Payload, o.pieces, o.Uplink, o.Host = []int{4}, 6, 64, 256, 50, 50
}

// large is what no laboratory holds: 10,000 hosts, 100 GiB.
func (o *options) large() {
	o.Groups, o.Hosts, o.Payload, o.pieces, o.Uplink, o.Host = []int{250}, 40, 100<<10, 400, 10_000, 10_000
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{Options: experiment.Options{
		Clients: []string{"aria2"}, Trackers: []string{ours}, Representatives: []int{2, 1}, Faults: []string{experiment.FaultNone},
	}}
	o.laboratory()
	flags := o.Flags("swarmsim", stderr, experiment.Known{
		Clients: append(clientNames(), experiment.Mix), Trackers: []string{ours, flat, naive}, Faults: slices.Sorted(maps.Keys(faults)), Flat: flat,
	})
	experiment.Preset(flags, map[string]func(){"laboratory": o.laboratory, "large": o.large})
	flags.IntVar(&o.pieces, "pieces", o.pieces, "`number` of pieces that the payload is cut into; more take longer")
	flags.Float64Var(&o.slowShare, "slow", 0.02, "`share` of the hosts that are slow if some are: their links have a quarter of the rate")
	flags.IntVar(&o.deadRacks, "dead", 1, "`number` of racks whose representatives die if some do")
	flags.IntVar(&o.maxPeers, "max-peers", 30, "MAXPEERS: `number` of peers in a reply, at most")
	flags.IntVar(&o.outsidePeers, "outside-peers", 0, "OUTSIDE_PEERS: `number` of outside peers of a representative; 0: as many as the swarm needs")
	flags.DurationVar(&o.interval, "interval", 45*time.Second, "ACTIVE_INTERVAL: `time` between two announces")
	flags.DurationVar(&o.probe, "probe", 10*time.Second, "REPR_PROBE_INTERVAL: `time` between two probes of a representative; 0: none")
	flags.DurationVar(&o.ttl, "ttl", 660*time.Second, "PEER_TTL: `time` of silence after which a host counts as gone")
	flags.DurationVar(&o.Limit, "limit", 0, "simulated `time` after which a case ends; 0: 60 times the bound, and the spread")
	flags.DurationVar(&o.step, "step", 0, "least simulated `time` between two times that links are shared; 0: at each change if there\n"+
		"are few hosts, and else a thousandth of the bound")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that decides all chance but that of handouts; each repetition has the next")
	flags.StringVar(&o.redis, "redis", redisStart, "`host:port` of a Redis for the tracker's state; "+redisStart+" starts one, "+redisEmbedded+" does without")
	if err := experiment.Parse(flags, args); err != nil {
		return nil, err
	}
	return o, o.check()
}

func (o *options) check() error {
	check := experiment.Check
	return cmp.Or(
		check("--racks", float64(o.Racks()), 1, 10_000),
		check("--racks: groups around a rack", float64(len(o.Groups)), 1, tracker.MaxGroups),
		check("--hosts", float64(o.Hosts), 1, 10_000),
		check("--racks, --hosts: hosts in all", float64(o.Racks()*o.Hosts), 1, 100_000),
		check("--payload", o.Payload, 1, 1<<23),
		check("--pieces", float64(o.pieces), 1, 20_000),
		check("--uplink", o.Uplink, 0.1, 1e6),
		check("--host", o.Host, 0.1, 1e6),
		check("--slow", o.slowShare, 0, 1),
		check("--dead", float64(o.deadRacks), 1, 10_000),
		check("--repeat", float64(o.Repeat), 1, 1000),
		check("--max-peers", float64(o.maxPeers), 1, 200),
		check("--outside-peers", float64(o.outsidePeers), 0, 200),
		check("--interval", o.interval.Seconds(), 1, 1e6),
		check("--probe", o.probe.Seconds(), 0, 3600),
		check("--ttl", o.ttl.Seconds(), 2, 1e6),
		check("--spread", o.Spread.Seconds(), 0, 1e6),
		check("--limit", o.Limit.Seconds(), 0, 1e9),
		check("--step", o.step.Seconds(), 0, 1e6),
	)
}

func clientNames() (all []string) {
	for _, c := range swarmsim.Clients {
		all = append(all, c.Name)
	}
	return all
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
)

// What goes wrong in a case.
const (
	slowness = 4
	struckAt = 1.0 / 3
)

var faults = map[string]func(*options) swarmsim.Fault{
	experiment.FaultNone: func(*options) swarmsim.Fault { return swarmsim.Fault{} },
	"seeder-in-rack":     func(*options) swarmsim.Fault { return swarmsim.Fault{SeederInRack: true} },
	"slow-hosts":         func(o *options) swarmsim.Fault { return swarmsim.Fault{SlowShare: o.slowShare, Slowness: slowness} },
	"representatives":    func(o *options) swarmsim.Fault { return swarmsim.Fault{DeadRacks: o.deadRacks, DeadAt: struckAt} },
}

// mix lets the hosts of each rack run different clients.
const mix = "mix"

// matrix are all cases.
func (o *options) matrix() []experiment.Case {
	return experiment.Axes{
		Clients: o.clients, Faults: o.faults, Trackers: o.trackers, Representatives: o.representatives, Flat: flat,
	}.Cases()
}

// outcome is what one run of a case came to.
type outcome struct {
	experiment.Case
	Seed uint64 `json:"seed"`
	*swarmsim.Outcome
	Took float64 `json:"took"` // real seconds
}

// simulate runs a case.
func (o *options) simulate(ctx context.Context, k experiment.Case, seed uint64, ours *backend) (*outcome, error) {
	began := time.Now()
	t, err := ours.tracker(k, seed, o)
	if err != nil {
		return nil, err
	}
	c, err := swarmsim.New(o.config(k, seed), t).Run(ctx)
	return &outcome{k, seed, c, time.Since(began).Seconds()}, err
}

func (o *options) config(k experiment.Case, seed uint64) swarmsim.Config {
	clients := swarmsim.Clients
	if k.Client != mix {
		c, _ := swarmsim.FindClient(k.Client)
		clients = []swarmsim.Client{c}
	}
	bound := o.payload * (1 << 20) * 8 / (min(o.uplink, o.host) * 1e6)
	c := swarmsim.Config{
		Groups: o.groups, Hosts: o.hosts, Payload: o.payload * (1 << 20), Pieces: o.pieces,
		Uplink: o.uplink * 1e6 / 8, Host: o.host * 1e6 / 8, Clients: clients,
		Spread: o.spread.Seconds(), Interval: o.interval.Seconds(), Fault: faults[k.Fault](o),
		Step: o.step.Seconds(), Limit: o.limit.Seconds(), Seed: seed,
	}
	if c.Step == 0 && o.racks()*o.hosts > 100 {
		c.Step = bound / 1000
	}
	if c.Limit == 0 {
		c.Limit = 60*bound + c.Spread
	}
	return c
}

func (o *outcome) String() string {
	times := "unfinished"
	if o.Makespan > 0 {
		times = fmt.Sprintf("%.1f s, %.2f × the bound", o.Makespan, o.Ratio)
	}
	return fmt.Sprintf("%s: copies in %.2f (%.2f), out %.2f (%.2f); fresh %.2f, twice %.2f, known %.2f; %s, half at %.1f s, longest %.1f s; %d of %d hosts; took %.1f s",
		o.Case, o.In.Mean, o.In.Max, o.Out.Mean, o.Out.Max, o.Imported.Fresh, o.Imported.Twice, o.Imported.Known,
		times, o.Times.Median, o.Longest, o.Finished, o.Expected, o.Took)
}

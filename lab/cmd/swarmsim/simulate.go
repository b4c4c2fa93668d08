package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/swarmsim"
)

// What goes wrong in a case.
const (
	slowness   = 4
	faultShare = 1.0 / 3
)

var faults = map[string]func(*options) swarmsim.Fault{
	experiment.FaultNone: func(*options) swarmsim.Fault { return swarmsim.Fault{} },
	"seeder-in-rack":     func(*options) swarmsim.Fault { return swarmsim.Fault{SeederInRack: true} },
	"slow-hosts":         func(o *options) swarmsim.Fault { return swarmsim.Fault{SlowShare: o.slowShare, Slowness: slowness} },
	"representatives":    func(o *options) swarmsim.Fault { return swarmsim.Fault{DeadRacks: o.deadRacks, DeadAt: faultShare} },
}

// columns are those of the table that only simulations have.
var columns = []experiment.Column{
	{Name: "median s", Of: func(r experiment.Runs) string {
		return r.Extent("%.1f", func(o *experiment.Outcome) float64 { return o.Times.Median })
	}},
	{Name: "longest s", Of: func(r experiment.Runs) string {
		return r.Extent("%.1f", func(o *experiment.Outcome) float64 { return o.Longest })
	}},
}

func (o *options) results() *experiment.Results {
	return &experiment.Results{
		When: time.Now().UTC(), Machine: "simulated; " + runtime.Version(),
		Setup:   fmt.Sprintf("%s; %d pieces, joins within %s", &o.Options, o.pieces, o.Spread),
		Columns: columns, Plot: experiment.Curves,
	}
}

// simulate runs a case.
func (o *options) simulate(ctx context.Context, k experiment.Case, seed uint64, ours *backend) (*experiment.Outcome, error) {
	began := time.Now()
	t, err := ours.tracker(k, seed, o)
	if err != nil {
		return nil, err
	}
	outcome, err := swarmsim.New(o.config(k, seed), t).Run(ctx)
	if err != nil {
		return nil, err
	}
	outcome.Case, outcome.Seed, outcome.Took = k, seed, time.Since(began).Seconds()
	return outcome, nil
}

func (o *options) config(k experiment.Case, seed uint64) swarmsim.Config {
	clients := swarmsim.Clients
	if k.Client != experiment.Mix {
		c, _ := swarmsim.FindClient(k.Client)
		clients = []swarmsim.Client{c}
	}
	c := swarmsim.Config{
		Groups: o.Groups, Hosts: o.Hosts, Payload: float64(o.Bytes()), Pieces: o.pieces,
		Uplink: o.Uplink * 1e6 / 8, Host: o.Host * 1e6 / 8, Clients: clients,
		Spread: o.Spread.Seconds(), Interval: o.interval.Seconds(), Fault: faults[k.Fault](o),
		Step: o.step.Seconds(), Limit: o.Limit.Seconds(), Seed: seed,
	}
	if c.Step == 0 && o.Racks()*o.Hosts > 100 {
		c.Step = o.Bound() / 1000
	}
	if c.Limit == 0 {
		c.Limit = 60*o.Bound() + c.Spread
	}
	return c
}

// describe is a line of progress.
func describe(o *experiment.Outcome) string {
	return fmt.Sprintf("%s: %s; fresh %.2f, twice %.2f, known %.2f; half at %.1f s, longest %.1f s; took %.1f s",
		o.Case, o, o.Imported.Fresh, o.Imported.Twice, o.Imported.Known, o.Times.Median, o.Longest, o.Took)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// suite is what is measured, and how long.
type suite struct {
	rounds  int
	each    time.Duration // of a run
	docs    string        // file to write to
	scripts bool

	*environment
	progress io.Writer
	machine  machine
	cells    []*cell
	memory   []memory
	storm    *result
	script   []scriptCost
}

// memory is what a tracker keeps its peers in.
type memory struct {
	*deployment
	workload
	perPeer float64 // bytes
}

// runSuite is the bench as a whole. An error says that it could not be run, or that a
// bound was missed.
func runSuite(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s := &suite{progress: stderr}
	flags := newFlags("suite", stderr)
	flags.IntVar(&s.rounds, "rounds", 3, "`number` of times that each tracker is loaded over each protocol; medians count")
	flags.DurationVar(&s.each, "each", 2*time.Second, "`time` for which each of these is")
	flags.StringVar(&s.docs, "docs", "../docs/performance.md", "`file` into which the results are written, and a plot beside it; empty for none")
	flags.BoolVar(&s.scripts, "scripts", true, "run the benchmark of the announce script, too")
	if err := experiment.Parse(flags, args); err != nil {
		return err
	}
	if s.rounds < 1 || s.each <= 0 {
		return errors.New("--rounds, --each: must be more than 0")
	}
	if s.environment, err = newEnvironment(); err != nil {
		return err
	}
	defer s.close()
	s.machine = readMachine(ctx)
	if err := s.measureAll(ctx); err != nil {
		return err
	}
	s.machine.loadAfter = loadAverage()
	s.print(stdout)
	if s.docs != "" {
		if err := s.write(s.docs); err != nil {
			return err
		}
	}
	return missed(s.verdicts())
}

func (s *suite) logf(format string, args ...any) { fmt.Fprintf(s.progress, format+"\n", args...) }

func (s *suite) measureAll(ctx context.Context) error {
	s.logf("building")
	if err := servers.Build(ctx, "-o", s.dir+"/", servers.Tracker, servers.SMDBStub); err != nil {
		return err
	}
	// The storm's servers go before the others come.
	for _, step := range []func(context.Context) error{s.measureStorm, s.openCells, s.measureClosed, s.measureOpen, s.measureScripts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openCells starts the trackers, lets all hosts join, and says what is to be measured.
// They run side by side; one that is not loaded has nothing to do.
func (s *suite) openCells(ctx context.Context) error {
	all := []workload{manyTransfers, fewTransfers, wholeRacks}
	s.logf("starting trackers")
	opentracker, err := s.startOpentracker(ctx, all)
	if err != nil {
		return err
	}
	if err := s.openDeployment(ctx, opentracker, all, []string{protocolClose, protocolUDP}); err != nil {
		return err
	}
	// Nobody listens at the hosts' addresses, and probes cost by time, not by announce: one
	// tracker of ours shows what they cost, and the others send none.
	for _, ours := range []struct {
		plan
		workloads []workload
		protocols []string
	}{
		{plan{name: oursName, settings: silent}, all, protocols},
		{plan{name: "2 frontends", frontends: 2, settings: silent}, all[:1], protocols},
		{plan{name: "4 frontends", frontends: 4, settings: silent}, all[:1], protocols[:1]},
		{plan{name: "1 frontend, 3 shards", cluster: true, settings: silent}, all[:1], protocols[:1]},
		{plan{name: "1 frontend, probing"}, all[:1], protocols[:1]},
	} {
		d, err := s.startOurs(ctx, ours.plan, ours.workloads...)
		if err != nil {
			return err
		}
		if err := s.openDeployment(ctx, d, ours.workloads, ours.protocols); err != nil {
			return err
		}
		if d.name != oursName {
			continue
		}
		for _, w := range floorWorkloads {
			if err := s.openFloor(ctx, d, w, floorProtocols...); err != nil {
				return err
			}
		}
	}
	// What is compared is measured, and shown, one after the other.
	slices.SortStableFunc(s.cells, func(a, b *cell) int {
		return cmp.Compare(slices.Index(all, a.workload), slices.Index(all, b.workload))
	})
	return nil
}

// silent is the setting of a tracker that sends no probes.
var silent = []string{"P2PTRACKER_REPR_PROBE_INTERVAL=0"}

// openDeployment makes the cells of a deployment, and notes what all hosts take of its memory.
func (s *suite) openDeployment(ctx context.Context, d *deployment, workloads []workload, protocols []string) error {
	for _, w := range workloads {
		before, err := d.stored()
		if err != nil {
			return err
		}
		if err := s.join(ctx, d, w); err != nil {
			return err
		}
		after, err := d.stored()
		if err != nil {
			return err
		}
		s.memory = append(s.memory, memory{d, w, float64(after-before) / populationHosts})
		for _, protocol := range protocols {
			s.cells = append(s.cells, &cell{deployment: d, workload: w, protocol: protocol})
		}
	}
	return nil
}

// join lets all hosts of a workload announce.
func (s *suite) join(ctx context.Context, d *deployment, w workload) error {
	c := &cell{deployment: d, workload: w, protocol: protocolClose}
	_, err := s.measure(ctx, c, time.Millisecond, 0, true)
	return err
}

// measureClosed loads each cell as much as it can take, in rounds, so that what a machine
// does besides hits all of them.
func (s *suite) measureClosed(ctx context.Context) error {
	for round := range s.rounds {
		for _, c := range s.cells {
			if c.none() {
				continue
			}
			r, err := s.measure(ctx, c, s.each, 0, c.protocol == protocolUDP)
			if err != nil {
				return err
			}
			c.closed = append(c.closed, r)
			s.logf("round %d of %d: %s, %s, %s: %.0f/s", round+1, s.rounds, c.name, c.workload, c.protocol, r.PerSecond)
		}
	}
	return nil
}

// measureOpen loads each cell with half of what it could take.
func (s *suite) measureOpen(ctx context.Context) (err error) {
	for _, c := range s.cells {
		if c.none() {
			continue
		}
		c.rate = c.perSecond() / 2
		if c.open, err = s.measure(ctx, c, s.each, c.rate, c.protocol == protocolUDP); err != nil {
			return err
		}
		s.logf("at %.0f/s: %s, %s, %s: 99 of 100 in %.2f ms", c.rate, c.name, c.workload, c.protocol, c.open.P99)
	}
	return nil
}

// measureStorm lets 10,000 hosts start within a second that neither the frontend nor Redis
// has heard of, so that the SMDB is asked for each. All have both cores: here it counts
// who is answered, and not what that costs.
func (s *suite) measureStorm(ctx context.Context) (err error) {
	s.logf("storm")
	e := s.unpinned()
	defer e.close()
	port, err := freePort()
	if err != nil {
		return err
	}
	url := "http://127.0.0.1:" + port
	if _, err := e.start(ctx, "smdbstub", answers(ctx, url+"/healthz"), nil, e.dir+"/smdbstub", "--listen", "127.0.0.1:"+port, "--subnet", "24"); err != nil {
		return err
	}
	d, err := e.startOurs(ctx, plan{name: "storm", settings: []string{"P2PTRACKER_SMDB_URL=" + url}}, stormTransfer)
	if err != nil {
		return err
	}
	s.storm, err = e.load(ctx, d, "storm")
	return err
}

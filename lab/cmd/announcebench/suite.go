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
)

// suite is what is measured, and how long.
type suite struct {
	rounds  int
	each    time.Duration // of a run
	docs    string        // file to write to
	scripts bool

	*bed
	progress io.Writer
	machine  machine
	cells    []*cell
	memory   []memory
	storm    *result
	script   []scriptCost
}

// memory is what a tracker keeps its peers in.
type memory struct {
	*site
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
	if err := parse(flags, args); err != nil {
		return err
	}
	if s.rounds < 1 || s.each <= 0 {
		return errors.New("--rounds, --each: must be more than 0")
	}
	s.bed, err = newBed()
	if err != nil {
		return err
	}
	defer s.close()
	defer rescue(&err)
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

func (s *suite) say(format string, args ...any) { fmt.Fprintf(s.progress, format+"\n", args...) }

func (s *suite) measureAll(ctx context.Context) error {
	s.say("building")
	if err := experiment.Build(ctx, "-o", s.dir+"/"); err != nil {
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

// openCells starts the trackers, lets the crowd join, and says what is to be measured.
// They run side by side; who is not loaded has nothing to do.
func (s *suite) openCells(ctx context.Context) error {
	all := []workload{manyTransfers, fewTransfers, wholeRacks}
	many := all[:1]
	s.say("starting trackers")
	// Nobody listens at the hosts' addresses, and probes cost by time, not by announce: one
	// tracker of ours shows what they cost, and the others send none.
	silent := "P2PTRACKER_REPR_PROBE_INTERVAL=0"
	for _, plan := range []struct {
		site      *site
		workloads []workload
		protocols []string
	}{
		{s.startOpentracker(all), all, []string{protocolClose, protocolUDP}},
		{s.startOurs("1 frontend", 1, false, all, silent), all, protocols},
		{s.startOurs("2 frontends", 2, false, many, silent), many, protocols},
		{s.startOurs("4 frontends", 4, false, many, silent), many, protocols[:1]},
		{s.startOurs("1 frontend, 3 shards", 1, true, many, silent), many, protocols[:1]},
		{s.startOurs("1 frontend, probing", 1, false, many), many, protocols[:1]},
	} {
		for _, w := range plan.workloads {
			if err := s.join(ctx, plan.site, w); err != nil {
				return err
			}
			for _, protocol := range plan.protocols {
				s.cells = append(s.cells, &cell{site: plan.site, workload: w, protocol: protocol})
			}
		}
	}
	// What is compared is measured, and shown, one after the other.
	slices.SortStableFunc(s.cells, func(a, b *cell) int {
		return cmp.Compare(slices.Index(all, a.workload), slices.Index(all, b.workload))
	})
	return nil
}

// join lets all hosts announce, and looks at what that takes of memory.
func (s *suite) join(ctx context.Context, at *site, w workload) error {
	before := s.stored(at)
	c := &cell{site: at, workload: w, protocol: protocolClose}
	if _, err := s.measure(ctx, c, time.Millisecond, 0, true); err != nil {
		return err
	}
	s.memory = append(s.memory, memory{at, w, float64(s.stored(at)-before) / crowdHosts})
	return nil
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
			s.say("round %d of %d: %s, %s, %s: %.0f/s", round+1, s.rounds, c.name, c.workload, c.protocol, r.PerSecond)
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
		s.say("at %.0f/s: %s, %s, %s: 99 of 100 in %.2f ms", c.rate, c.name, c.workload, c.protocol, c.open.P99)
	}
	return nil
}

// measureStorm lets 10,000 hosts start within a second that neither the frontend nor Redis
// has heard of, so that the SMDB is asked for each. All have both cores: here it counts
// who is answered, and not what that costs.
func (s *suite) measureStorm(ctx context.Context) (err error) {
	s.say("storm")
	storm := s.shared()
	defer storm.close()
	port := storm.freePort()
	storm.start("smdbstub", nil, storm.dir+"/smdbstub", "--listen", "127.0.0.1:"+port, "--subnet", "24")
	storm.await("smdbstub", func() error { return get("http://127.0.0.1:" + port + "/healthz") })
	at := storm.startOurs("storm", 1, false, []workload{stormTransfer}, "P2PTRACKER_SMDB_URL=http://127.0.0.1:"+port)
	s.storm, err = storm.load(ctx, at, "storm")
	return err
}

// Command swarmsim simulates pushes of a payload to swarms that are too large for any
// laboratory, and counts how many copies of it cross the uplinks of racks.
//
// Hosts, links and clients are a model; whom a host is handed is decided by the real tracker:
// its scripts in a real Redis. docs/simulator.md says what the model leaves out, and how well it
// agrees with cmd/uplinklab, where clients are real.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "swarmsim:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	ours := &backend{redis: o.redis}
	defer ours.close()
	r := o.results()
	for _, k := range o.Cases(flat) {
		for n := range o.Repeat {
			outcome, err := o.simulate(ctx, k, o.seed+uint64(n), ours)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			r.Runs = append(r.Runs, outcome)
			fmt.Fprintln(stderr, describe(outcome))
		}
	}
	if err := r.Report(stdout, o.Files); err != nil {
		return err
	}
	if !r.Finished() {
		return errors.New("not all hosts have the payload")
	}
	return nil
}

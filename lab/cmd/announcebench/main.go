// Command announcebench measures trackers.
//
//	announcebench load   sends announces to trackers that run, and prints how they were
//	                     answered, as JSON
//	announcebench storm  lets many hosts start within one second, each on a connection of
//	                     its own, and prints the same
//	announcebench suite  starts trackers, ours and others', loads them side by side, and
//	                     prints and writes down what came out; make bench runs it
//
// All traffic stays on the loopback: hosts have addresses from 127.1.0.0 on, and the third
// byte and the second are their rack.
package main

import (
	"context"
	"encoding/json"
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
		fmt.Fprintln(os.Stderr, "announcebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errors.New("say load, storm or suite; each tells its flags with --help")
	}
	switch command, args := args[0], args[1:]; command {
	case "load":
		return runLoad(parseLoad, args, stdout, stderr)
	case "storm":
		return runLoad(parseStorm, args, stdout, stderr)
	case "suite":
		return runSuite(ctx, args, stdout, stderr)
	default:
		return fmt.Errorf("unknown command %q: it is load, storm or suite", command)
	}
}

func runLoad(parse func(args []string, stderr io.Writer) (*load, error), args []string, stdout, stderr io.Writer) error {
	l, err := parse(args, stderr)
	if err != nil {
		return err
	}
	r, err := l.run()
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

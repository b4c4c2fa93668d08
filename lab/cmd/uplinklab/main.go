// Command uplinklab measures how many copies of a payload cross the uplinks of racks when
// real BitTorrent clients push it to all hosts.
//
// Racks and hosts are network namespaces on this machine, links have rates, and each run is
// a case: a client, a tracker, a number of representatives and a fault. docs/uplink.md says
// what is measured and how. It needs root, or a kernel that lets users have namespaces.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// apartEnv says to the process that it has namespaces of its own.
const apartEnv = "UPLINKLAB_APART"

func main() {
	err := run(os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case !errors.Is(err, errReported):
		fmt.Fprintln(os.Stderr, "uplinklab:", err)
	}
	os.Exit(1)
}

// errReported: the process in namespaces of its own has said what is wrong.
var errReported = errors.New("failed")

// run starts this program again in namespaces of its own, where it measures. Programs,
// networks and files are gone when that has ended, however it does: it is the first process
// of its PID namespace, and the files are in memory.
func run(args []string) error {
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	o, err := parseOptions(args, os.Stderr)
	if err != nil {
		return err
	}
	if os.Getenv(apartEnv) == "" {
		// While there is still a network that modules may come from.
		if err := servers.Build(context.Background(), servers.Tracker, servers.SMDBStub); err != nil {
			return err
		}
		err := netlab.Isolate(syscall.CLONE_NEWPID, append(os.Environ(), apartEnv+"=1"))
		if child := new(exec.ExitError); errors.As(err, &child) {
			return errReported
		}
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return newLab(o, os.Stderr).measure(ctx, os.Stdout)
}

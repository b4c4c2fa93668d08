package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

func parseLoad(args []string, stderr io.Writer) (*load, error) {
	l := &load{Watch: watchMyself()}
	flags := newFlags("load", stderr)
	l.addTrackers(flags)
	flags.StringVar(&l.Protocol, "protocol", protocolKeepAlive, "`name`: keepalive (HTTP, connections are kept), close (HTTP, a connection for\n"+
		"each announce) or udp")
	flags.IntVar(&l.Hosts, "hosts", 20_000, "`number` of hosts")
	flags.IntVar(&l.Racks, "racks", 500, "`number` of racks")
	flags.IntVar(&l.Workload.transfers, "transfers", 1000, "`number` of transfers; each host is in one. The tracker must know them, or\n"+
		"register by itself")
	flags.BoolVar(&l.Workload.together, "together", false, "let a transfer's hosts stand together, in whole racks; otherwise each transfer has\n"+
		"hosts in as many racks as it can")
	flags.IntVar(&l.Connections, "connections", 128, "`number` of announces under way at a time, at most")
	flags.Float64Var(&l.Rate, "rate", 0, "announces due in a `second`, whether those before are answered or not;\n"+
		"0 sends one whenever a connection is free")
	flags.DurationVar(&l.Duration, "duration", 3*time.Second, "`time` for which announces are sent")
	flags.Float64Var(&l.Mix.completed, "completed", 0.01, "`share` of announces that say completed")
	flags.Float64Var(&l.Mix.stopped, "stopped", 0.01, "`share` of announces that say stopped; their hosts start again")
	flags.BoolVar(&l.Prepare, "prepare", true, "let every host announce once before anything is measured; otherwise they are taken to\n"+
		"have done so")
	if err := experiment.Parse(flags, args); err != nil {
		return nil, err
	}
	return l, nil
}

// parseStorm makes a load of which each host announces once, within a second.
func parseStorm(args []string, stderr io.Writer) (*load, error) {
	l := &load{Watch: watchMyself(), Protocol: protocolClose, Workload: stormTransfer, Duration: time.Second, Fresh: true}
	flags := newFlags("storm", stderr)
	l.addTrackers(flags)
	flags.IntVar(&l.Hosts, "hosts", 10_000, "`number` of hosts that start within one second, each on a connection of its own")
	flags.IntVar(&l.Racks, "racks", 250, "`number` of racks")
	if err := experiment.Parse(flags, args); err != nil {
		return nil, err
	}
	l.Connections, l.Limit, l.Rate = l.Hosts, l.Hosts, float64(l.Hosts)
	return l, nil
}

// addTrackers adds the flags that every load has.
func (l *load) addTrackers(flags *flag.FlagSet) {
	flags.Func("target", "`address` of a tracker, like 127.0.0.1:6969; several flags: they are used in turn", func(text string) error {
		l.Targets = append(l.Targets, text)
		return nil
	})
	flags.Func("watch", "`NAME=PID,PID` of server processes whose CPU time and memory are shown under that\n"+
		"name; several flags: several names", l.watch)
	flags.IntVar(&l.Want, "want", 30, "`number` of peers to ask for")
	flags.DurationVar(&l.Deadline, "deadline", 5*time.Second, "`time` after which a client waits no more, a minute at most")
}

// watchMyself shows what sending costs: where that takes all of a core, no tracker can be
// seen to do more.
func watchMyself() map[string][]int { return map[string][]int{"generator": {os.Getpid()}} }

func (l *load) watch(text string) error {
	name, list, found := strings.Cut(text, "=")
	if !found || name == "" {
		return fmt.Errorf("must be NAME=PID,PID")
	}
	for word := range strings.SplitSeq(list, ",") {
		pid, err := strconv.ParseUint(word, 10, 31)
		if err != nil {
			return fmt.Errorf("%q is no pid", word)
		}
		l.Watch[name] = append(l.Watch[name], int(pid))
	}
	return nil
}

func newFlags(command string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("announcebench "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	return flags
}

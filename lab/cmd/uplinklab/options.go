package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// options are what a run is made of.
type options struct {
	experiment.Options
	segments  int // of TCP that are passed on as one
	frontends int
	settings  []string // NAME=value, for our tracker
	discovery bool
	logs      string // a directory
}

// small is over in about a minute with one client.
func (o *options) small() { o.Groups, o.Hosts, o.Payload, o.Uplink, o.Host = []int{2}, 3, 8, 20, 20 }

// reference is what figures of other trackers are known for.
func (o *options) reference() {
	o.Groups, o.Hosts, o.Payload, o.Uplink, o.Host, o.Limit = []int{4}, 6, 64, 50, 50, 5*time.Minute
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{segments: 4, Options: experiment.Options{
		Groups: []int{4}, Hosts: 6, Payload: 16, Uplink: 20, Host: 20, Limit: 4 * time.Minute,
		Clients: []string{"aria2", experiment.Mix}, Trackers: []string{ours, flat}, Representatives: []int{2, 1}, Faults: []string{experiment.FaultNone},
	}}
	flags := o.Flags("uplinklab", stderr, experiment.Known{
		Clients: append(slices.Sorted(maps.Keys(clients.All)), experiment.Mix), Trackers: []string{ours, flat}, Faults: slices.Sorted(maps.Keys(faults)), Flat: flat,
	})
	experiment.Preset(flags, map[string]func(){"small": o.small, "reference": o.reference})
	flags.IntVar(&o.segments, "segments", o.segments, "`number` of TCP segments that the kernel may pass on as one, which spares CPU time; their\n"+
		"headers count once")
	flags.IntVar(&o.frontends, "frontends", 1, "`number` of frontends of our tracker, behind haproxy")
	flags.Func("set", "setting of our tracker, like `MAXPEERS=50`; several flags: several settings", o.set)
	flags.DurationVar(&o.Limit, "limit", o.Limit, "`time` after which a case ends, and hosts that lack the payload are listed")
	flags.BoolVar(&o.discovery, "discovery", false, "leave DHT, peer exchange and local discovery on; the torrent is private all the same")
	flags.StringVar(&o.Files.Docs, "docs", "", "`file` between whose marks the results are written, with a plot beside it")
	flags.StringVar(&o.logs, "logs", "", "`directory` for what trackers and clients print; without it, it goes when the run ends")
	if err := experiment.Parse(flags, args); err != nil {
		return nil, err
	}
	return o, o.check()
}

func (o *options) set(text string) error {
	if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
		return errors.New("must be NAME=value")
	}
	o.settings = append(o.settings, text)
	return nil
}

// check bounds what addresses and the machine have room for.
func (o *options) check() error {
	check := experiment.Check
	return cmp.Or(
		check("--racks", float64(o.Racks()), 1, 200),
		check("--racks: groups around a rack", float64(len(o.Groups)), 1, float64(len(levels))),
		check("--hosts", float64(o.Hosts), 1, 200),
		check("--payload", o.Payload, 1, 4096),
		check("--uplink", o.Uplink, 0.1, 10_000),
		check("--host", o.Host, 0.1, 10_000),
		check("--segments", float64(o.segments), 1, 40),
		check("--repeat", float64(o.Repeat), 1, 1000),
		check("--frontends", float64(o.frontends), 1, 20),
		check("--spread", o.Spread.Seconds(), 0, 1e6),
		check("--limit", o.Limit.Seconds(), 0.001, 1e6),
	)
}

// cases are all that are possible.
func (o *options) cases() []experiment.Case {
	return slices.DeleteFunc(o.Cases(flat), func(c experiment.Case) bool { return !faults[c.Fault].possible(c.Tracker) })
}

// mixed are the clients of a mix.
var mixed = []string{"aria2", "transmission", "rtorrent", "qbittorrent", "libtorrent"}

// clientOf names the client of a host, by its rack and its number there; the seeder runs the first of a mix.
func clientOf(client string, rack, number int) string {
	if client != experiment.Mix {
		return client
	}
	return mixed[(rack+number)%len(mixed)]
}

// columns are those of the table that only real runs have.
var columns = []experiment.Column{
	{Name: "stood still s", Of: func(r experiment.Runs) string {
		if r[0].FaultAt == 0 {
			return "–"
		}
		return r.Extent("%.1f", func(o *experiment.Outcome) float64 { return o.Standstill })
	}},
	{Name: "CPU %", Of: func(r experiment.Runs) string {
		return fmt.Sprintf("%.0f", 100*r.Mean(func(o *experiment.Outcome) float64 { return o.CPU }))
	}},
	{Name: "", Of: experiment.Runs.Remark},
}

func (o *options) results() *experiment.Results {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return &experiment.Results{
		When:    time.Now().UTC(),
		Machine: fmt.Sprintf("%d cores; Linux %s; %s", runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version()),
		Setup:   o.String(), Columns: columns, Plot: experiment.CopiesAndTimes,
	}
}

// String describes the set-up that all cases have in common.
func (o *options) String() string {
	text := o.Options.String()
	if o.segments > 1 {
		text += fmt.Sprintf("; up to %d TCP segments as one", o.segments)
	}
	if o.discovery {
		text += "; DHT, PEX and local discovery on"
	}
	if len(o.settings) > 0 {
		text += "; " + strings.Join(o.settings, ", ")
	}
	return text
}

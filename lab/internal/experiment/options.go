package experiment

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Options are what all programs that push need to know of a run.
type Options struct {
	Groups          []int   // racks, or groups around them, in each group, outermost first
	Hosts           int     // in each rack
	Payload         float64 // MiB
	Uplink, Host    float64 // Mbit/s
	Clients         []string
	Trackers        []string
	Representatives []int
	Faults          []string
	Repeat          int
	Spread, Limit   time.Duration
	Files           Files
}

// Files are those that are written. An empty name is none.
type Files struct{ JSON, SVG, Docs string }

// Known are the names that options may have.
type Known struct {
	Clients, Trackers, Faults []string
	Flat                      string // the tracker that knows no racks
}

// Flags has flags for the options, whose values are the defaults.
func (o *Options) Flags(program string, stderr io.Writer, known Known) *flag.FlagSet {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("racks", "`number` of racks, or numbers like 2x3: two rows of three racks each; hosts' locations then are\n"+
		"paths, and each group has an uplink; up to 4 numbers", Numbers(&o.Groups, "x", 1))
	flags.IntVar(&o.Hosts, "hosts", o.Hosts, "`number` of hosts in each rack")
	flags.Float64Var(&o.Payload, "payload", o.Payload, "size of the payload in `MiB`")
	flags.Float64Var(&o.Uplink, "uplink", o.Uplink, "rate of each uplink and each direction in `Mbit/s`")
	flags.Float64Var(&o.Host, "host", o.Host, "rate of each host's link and each direction in `Mbit/s`")
	list := func(name, of string, to *[]string, all []string) {
		flags.Func(name, fmt.Sprintf("`names` of %s, separated by commas, for a case each (%s): %s", of, strings.Join(*to, ","), strings.Join(all, ", ")), Names(to, all))
	}
	list("clients", "clients", &o.Clients, known.Clients)
	list("trackers", "trackers", &o.Trackers, known.Trackers)
	list("faults", "what goes wrong", &o.Faults, known.Faults)
	flags.Func("representatives", "`numbers` for MAX_REPR_RACK, likewise (2,1); not for "+known.Flat, Numbers(&o.Representatives, ",", 1))
	flags.IntVar(&o.Repeat, "repeat", 1, "`number` of runs of each case")
	flags.DurationVar(&o.Spread, "spread", time.Second, "`time` within which all hosts join")
	flags.StringVar(&o.Files.JSON, "json", "", "`file` to write all results to, as JSON")
	flags.StringVar(&o.Files.SVG, "svg", "", "`file` to write a plot to")
	return flags
}

// Preset adds a flag that sets several options at once. What follows on the command line wins.
func Preset(flags *flag.FlagSet, presets map[string]func()) {
	names := strings.Join(slices.Sorted(maps.Keys(presets)), ", ")
	flags.Func("preset", "`name` of a set of options, given before those that change it: "+names, func(name string) error {
		preset, ok := presets[name]
		if !ok {
			return errors.New("must be one of " + names)
		}
		preset()
		return nil
	})
}

// Parse reads a command line that has flags only.
func Parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	return nil
}

// Check returns an error if an option's value is out of its range.
func Check(name string, value, low, high float64) error {
	if !(value >= low && value <= high) { // NaN is not
		return fmt.Errorf("%s: must be %v to %v, not %v", name, low, high, value)
	}
	return nil
}

// Racks is how many there are.
func (o *Options) Racks() int {
	product := 1
	for _, n := range o.Groups {
		product *= n
	}
	return product
}

// Bytes of the payload.
func (o *Options) Bytes() int { return int(o.Payload * (1 << 20)) }

// Bound is the least time in seconds that a push can take: one copy over the narrowest link, without any
// headers.
func (o *Options) Bound() float64 { return float64(o.Bytes()) * 8 / (min(o.Uplink, o.Host) * 1e6) }

func (o *Options) String() string {
	groups := strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Groups), " ", " × "), "[]")
	return fmt.Sprintf("%s racks × %d hosts, %v MiB, uplinks %v Mbit/s, hosts %v Mbit/s; least possible time %.1f s",
		groups, o.Hosts, o.Payload, o.Uplink, o.Host, o.Bound())
}

// Cases are all of them: each client with each fault, tracker and number of representatives. What is
// compared stands side by side.
func (o *Options) Cases(flat string) (all []Case) {
	for _, client := range o.Clients {
		for _, fault := range o.Faults {
			for _, tracker := range o.Trackers {
				representatives := o.Representatives
				if tracker == flat {
					representatives = []int{0}
				}
				for _, n := range representatives {
					all = append(all, Case{client, tracker, n, fault})
				}
			}
		}
	}
	return all
}

package experiment

import "fmt"

// Outcome is what one run of a case came to. Copies are bytes that crossed a link, divided by those of
// the payload.
type Outcome struct {
	Case
	Racks    []Uplink `json:"racks"`
	Groups   []Uplink `json:"groups,omitempty"` // around racks
	Hosts    []Host   `json:"hosts"`
	In       Spread   `json:"in"`       // of the racks without the first seeder
	Out      Spread   `json:"out"`      // likewise
	Makespan float64  `json:"makespan"` // seconds until the last host had the payload; 0: one never had
	Bound    float64  `json:"bound"`    // the least that is possible: one copy over the narrowest link
	Ratio    float64  `json:"ratio"`    // of these
	FaultAt  float64  `json:"faultAt,omitempty"`
	Finished int      `json:"finished"` // hosts that have the payload
	Expected int      `json:"expected"` // hosts but those that were killed

	// Of real runs.
	CPU        float64 `json:"cpu,omitempty"`        // share of the machine's CPUs that was in use
	CPUBound   bool    `json:"cpuBound,omitempty"`   // CPUs may have set the times
	Standstill float64 `json:"standstill,omitempty"` // seconds in which the first rack got nothing after the fault, at the longest

	// Of simulated runs.
	Seed     uint64   `json:"seed,omitempty"`
	Longest  float64  `json:"longest,omitempty"` // seconds that any host took from when it joined itself
	Times    Times    `json:"times,omitzero"`
	Imported Imported `json:"imported,omitzero"`
	Took     float64  `json:"took,omitempty"` // real seconds
}

// Uplink is what crossed the uplink of a group, in copies.
type Uplink struct {
	Name string  `json:"name"`
	In   float64 `json:"in"`
	Out  float64 `json:"out"`
}

// Host is one that fetches.
type Host struct {
	Name           string    `json:"name"`
	Addr           string    `json:"addr"`
	Client         string    `json:"client"`
	Seconds        float64   `json:"seconds,omitempty"` // from the first client's start until it had everything
	Share          float64   `json:"share"`             // of the payload that it has
	In             float64   `json:"in"`
	Out            float64   `json:"out"`
	Representative bool      `json:"representative,omitempty"` // in the end
	Slow           bool      `json:"slow,omitempty"`
	Failure        string    `json:"failure,omitempty"`  // why it did not finish
	Progress       []float64 `json:"progress,omitempty"` // share of the payload that it had after each second
}

// FailureKilled is that of a host that nobody expects to finish.
const FailureKilled = "killed"

// Spread is a mean and the most.
type Spread struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// SpreadOf values.
func SpreadOf(values []float64) (s Spread) {
	for _, v := range values {
		s.Mean += v / float64(len(values))
		s.Max = max(s.Max, v)
	}
	return s
}

// Times are the seconds after which a share of the hosts had the payload, of those that got it.
type Times struct {
	First  float64 `json:"first"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Last   float64 `json:"last"`
	Fast   float64 `json:"fast"` // the last of those that are not slow
}

// Imported is why copies came into racks: the mean over racks.
type Imported struct {
	Fresh float64 `json:"fresh"` // nobody there had it
	Twice float64 `json:"twice"` // another host was fetching it
	Known float64 `json:"known"` // another host had it
}

// Add counts a host.
func (o *Outcome) Add(h Host) {
	o.Hosts = append(o.Hosts, h)
	if h.Failure != FailureKilled {
		o.Expected++
	}
	if h.Failure == "" {
		o.Finished++
		o.Makespan = max(o.Makespan, h.Seconds)
	}
}

// Finish is called after all hosts are counted.
func (o *Outcome) Finish() {
	if !o.Complete() {
		o.Makespan = 0
	}
	o.Ratio = o.Makespan / o.Bound
}

// Complete says whether all hosts have the payload.
func (o *Outcome) Complete() bool { return o.Finished == o.Expected }

func (o *Outcome) String() string {
	times := "unfinished"
	if o.Makespan > 0 {
		times = fmt.Sprintf("%.1f s, %.2f × the bound", o.Makespan, o.Ratio)
	}
	return fmt.Sprintf("copies in %.2f (%.2f), out %.2f (%.2f); %s; %d of %d hosts", o.In.Mean, o.In.Max, o.Out.Mean, o.Out.Max, times, o.Finished, o.Expected)
}

// unfinished lists the hosts that lack the payload.
func (o *Outcome) unfinished() (lines []string) {
	for _, h := range o.Hosts {
		if h.Failure != "" && h.Failure != FailureKilled {
			lines = append(lines, fmt.Sprintf("%s: %s (%s, %s): %s", o.Case, h.Name, h.Addr, h.Client, h.Failure))
		}
	}
	return lines
}

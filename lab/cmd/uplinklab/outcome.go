package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// outcome is what one run of a case measured. Copies are bytes of frames at a link, with all
// headers and whatever else crossed it, divided by the payload's bytes.
type outcome struct {
	experiment.Case
	Racks    []uplink   `json:"racks"`
	Groups   []uplink   `json:"groups,omitempty"` // around racks
	Hosts    []hostLine `json:"hosts"`
	In       spread     `json:"in"`       // of the racks without the first seeder
	Out      spread     `json:"out"`      // likewise
	Makespan float64    `json:"makespan"` // seconds until the last host had the payload; 0: one never had
	Bound    float64    `json:"bound"`    // the least that is possible
	Ratio    float64    `json:"ratio"`    // of these
	Struck   float64    `json:"struck,omitempty"`
	Finished int        `json:"finished"` // hosts that have the payload, by SHA-256
	Expected int        `json:"expected"` // hosts but those that were killed
	CPU      float64    `json:"cpu"`      // share of the machine's CPUs that was in use
	CPUBound bool       `json:"cpuBound"` // CPUs may have set the times
}

type uplink struct {
	Name string  `json:"name"`
	In   float64 `json:"in"`
	Out  float64 `json:"out"`
}

// hostLine is a host that fetches.
type hostLine struct {
	Name           string    `json:"name"`
	Addr           string    `json:"addr"`
	Client         string    `json:"client"`
	Seconds        float64   `json:"seconds,omitempty"` // from the first client's start until it had everything
	Share          float64   `json:"share"`             // of the payload that it has
	In             float64   `json:"in"`
	Out            float64   `json:"out"`
	Representative bool      `json:"representative,omitempty"` // in the end
	Fate           string    `json:"fate,omitempty"`           // why it did not finish
	Progress       []float64 `json:"progress"`                 // share of the payload that it had after each second
}

type spread struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

func spreadOf(values []float64) (s spread) {
	for _, v := range values {
		s.Mean += v / float64(len(values))
		s.Max = max(s.Max, v)
	}
	return s
}

func (o *outcome) String() string {
	text := fmt.Sprintf("copies in %.2f (%.2f), out %.2f (%.2f); %s; %d of %d hosts; CPU %.0f %%",
		o.In.Mean, o.In.Max, o.Out.Mean, o.Out.Max, o.times(), o.Finished, o.Expected, o.CPU*100)
	if o.CPUBound {
		text += ", which may have been the limit"
	}
	return text
}

func (o *outcome) times() string {
	if o.Makespan == 0 {
		return "unfinished"
	}
	return fmt.Sprintf("%.1f s, %.2f × the bound", o.Makespan, o.Ratio)
}

func (o *outcome) complete() bool { return o.Finished == o.Expected }

// unfinished lists the hosts that lack the payload.
func (o *outcome) unfinished() (lines []string) {
	for _, h := range o.Hosts {
		if h.Fate != "" && h.Fate != fateKilled {
			lines = append(lines, fmt.Sprintf("%s: %s (%s, %s): %s", o.Case, h.Name, h.Addr, h.Client, h.Fate))
		}
	}
	return lines
}

const fateKilled = "killed"

// outcome verifies the hosts' files, and puts together what is known.
func (t *trial) outcome(ctx context.Context, crossed counters) (*outcome, error) {
	o := &outcome{
		Case: t.Case, Struck: seconds(t.struck), Bound: faults[t.Fault].bound(t.options).Seconds(),
		CPU: t.cpu.mean(), CPUBound: t.cpu.limited(),
	}
	copies := func(name string) uplink {
		size := float64(t.options.bytes())
		return uplink{name, float64(crossed[name].in) / size, float64(crossed[name].out) / size}
	}
	var in, out []float64
	for _, r := range t.network.racks {
		u := copies(r.namespace)
		o.Racks = append(o.Racks, u)
		if r.number != t.network.seeder.rack {
			in, out = append(in, u.In), append(out, u.Out)
		}
	}
	o.In, o.Out = spreadOf(in), spreadOf(out)
	for _, g := range t.network.groups {
		if len(g.location) < len(t.options.groups) {
			o.Groups = append(o.Groups, copies(g.namespace))
		}
	}
	named, err := t.tracker.representatives(ctx, t.network)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(t.members, func(a, b *member) int { return a.addr.Compare(b.addr) })
	for _, m := range t.members {
		u := copies(m.namespace)
		line := hostLine{
			Name: m.namespace, Addr: m.addr.String(), Client: m.client, Seconds: seconds(m.finished), Share: m.share(), In: u.In, Out: u.Out,
			Representative: slices.Contains(named, m.host), Fate: m.fate(), Progress: m.progress,
		}
		o.Hosts = append(o.Hosts, line)
		if line.Fate == fateKilled {
			continue
		}
		o.Expected++
		if line.Fate == "" {
			o.Finished++
			o.Makespan = max(o.Makespan, line.Seconds)
		}
	}
	if !o.complete() {
		o.Makespan = 0
	}
	o.Ratio = o.Makespan / o.Bound
	return o, nil
}

// fate is why a host did not get the payload; empty: it has it.
func (m *member) fate() string {
	var words []string
	switch {
	case m.killed:
		return fateKilled
	case m.finished == 0:
		words = append(words, fmt.Sprintf("has %d of %d pieces", m.pieces, len(m.have)))
	default:
		if err := m.verify(m.path); err != nil {
			words = append(words, err.Error())
		}
	}
	if len(words) > 0 && m.Process != nil && m.HasEnded() {
		words = append(words, "its client ended")
	}
	return strings.Join(words, "; ")
}

func seconds(d time.Duration) float64 { return d.Round(10 * time.Millisecond).Seconds() }

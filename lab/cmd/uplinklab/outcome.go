package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// outcome verifies the hosts' files, and puts together what is known.
func (t *trial) outcome(ctx context.Context, crossed counters) (*experiment.Outcome, error) {
	o := &experiment.Outcome{
		Case: t.Case, FaultAt: seconds(t.faultAt), Standstill: seconds(t.still.longest), Bound: faults[t.Fault].bound(t.options),
		CPU: t.cpu.mean(), CPUBound: t.cpu.limited(),
	}
	copies := func(name string) experiment.Uplink {
		size := float64(t.options.Bytes())
		return experiment.Uplink{Name: name, In: float64(crossed[name].in) / size, Out: float64(crossed[name].out) / size}
	}
	var in, out []float64
	for _, r := range t.network.racks {
		u := copies(r.namespace)
		o.Racks = append(o.Racks, u)
		if r.number != t.network.seeder.rack {
			in, out = append(in, u.In), append(out, u.Out)
		}
	}
	o.In, o.Out = experiment.SpreadOf(in), experiment.SpreadOf(out)
	for _, g := range t.network.groups {
		if len(g.location) < len(t.options.Groups) {
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
		o.Add(experiment.Host{
			Name: m.namespace, Addr: m.addr.String(), Client: m.client, Seconds: seconds(m.finished), Share: m.share(), In: u.In, Out: u.Out,
			Representative: slices.Contains(named, m.host), Failure: m.failure(), Progress: m.progress,
		})
	}
	o.Finish()
	return o, nil
}

// failure is why a host did not get the payload; empty: it has it.
func (m *member) failure() string {
	var words []string
	switch {
	case m.killed:
		return experiment.FailureKilled
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

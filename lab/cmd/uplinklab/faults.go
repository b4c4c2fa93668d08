package main

import (
	"context"
	"math"
	"slices"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// fault is what goes wrong in a case.
type fault struct {
	seederInRack bool // the first seeder is one more host of the first rack, not on the core
	slowHost     bool // the links of the first rack's first host have a quarter of their rate
	frontends    int  // there are at least so many of ours
	oursOnly     bool
	// inject does something once it is time; until then it returns false.
	inject func(context.Context, *trial) (bool, error)
}

var faults = map[string]fault{
	experiment.FaultNone: {},
	"seeder-in-rack":     {seederInRack: true},
	"slow-host":          {slowHost: true},
	"representative":     {inject: killRepresentatives(1)},
	"representatives":    {inject: killRepresentatives(math.MaxInt)},
	"frontend":           {inject: killOneFrontend, frontends: 2, oursOnly: true},
}

const (
	slowness = 4
	// faultShare is how much of the payload is there when something is killed.
	faultShare = 1.0 / 3
)

func (f fault) possible(tracker string) bool { return tracker == ours || !f.oursOnly }

// bound is the least time in seconds that a push can take with the narrowest link there is.
func (f fault) bound(o *options) float64 {
	narrow := o.Options
	if f.slowHost {
		narrow.Uplink, narrow.Host = o.Host, o.Host/slowness
	}
	return narrow.Bound()
}

// killRepresentatives kills the clients of the first rack's representatives when its first host has a
// third of the payload: at most so many, first those that have most. A tracker that knows no
// representatives has as many as we have by default: the hosts that have most.
func killRepresentatives(most int) func(context.Context, *trial) (bool, error) {
	const defaultRepresentatives = 2
	return func(ctx context.Context, t *trial) (bool, error) {
		victims := slices.DeleteFunc(slices.Clone(t.members), func(m *member) bool { return m.rack != 1 })
		slices.SortStableFunc(victims, func(a, b *member) int { return b.pieces - a.pieces })
		if victims[0].share() < faultShare {
			return false, nil
		}
		named, err := t.tracker.representatives(ctx, t.network)
		if err != nil {
			return false, err
		}
		if t.Tracker == ours {
			victims = slices.DeleteFunc(victims, func(m *member) bool { return !slices.Contains(named, m.host) })
		} else {
			victims = victims[:min(defaultRepresentatives, len(victims))]
		}
		for _, m := range victims[:min(most, len(victims))] {
			if err := m.kill(); err != nil {
				return false, err
			}
		}
		return len(victims) > 0, nil
	}
}

// killOneFrontend kills one of two frontends when a third of the payload is there.
func killOneFrontend(_ context.Context, t *trial) (bool, error) {
	all := 0.0
	for _, m := range t.members {
		all += m.share()
	}
	if all < faultShare*float64(len(t.members)) {
		return false, nil
	}
	return true, t.tracker.killFrontend()
}

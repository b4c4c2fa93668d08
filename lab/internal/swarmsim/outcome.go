package swarmsim

import (
	"math"
	"slices"
	"strconv"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// outcome is what the run came to. There are no headers in its copies.
func (s *Sim) outcome() *experiment.Outcome {
	o := &experiment.Outcome{FaultAt: s.faultAt, Bound: s.bound()}
	copies := func(link int32) float64 { return s.net.carried[link] / s.cfg.Payload }
	var in, out []float64
	for i, g := range s.groups {
		u := experiment.Uplink{Name: string(g.location), In: copies(g.in), Out: copies(g.out)}
		if i >= s.racks {
			o.Groups = append(o.Groups, u)
			continue
		}
		o.Racks = append(o.Racks, u)
		if i == 0 && s.cfg.Fault.SeederInRack {
			continue
		}
		in, out = append(in, u.In), append(out, u.Out)
		for origin, to := range []*float64{&o.Imported.Fresh, &o.Imported.Twice, &o.Imported.Known} {
			*to += g.imported[origin] / s.cfg.Payload
		}
	}
	for _, to := range []*float64{&o.Imported.Fresh, &o.Imported.Twice, &o.Imported.Known} {
		*to /= float64(max(len(in), 1))
	}
	o.In, o.Out = experiment.SpreadOf(in), experiment.SpreadOf(out)
	s.addHosts(o)
	return o
}

// bound is the time of one copy over the narrowest link.
func (s *Sim) bound() float64 { return s.cfg.Payload / slices.Min(s.net.capacity) }

func (s *Sim) addHosts(o *experiment.Outcome) {
	var times []float64
	for _, h := range s.hosts {
		if h.seeder {
			continue
		}
		line := experiment.Host{
			Name: string(h.groups[0].location) + "h" + strconv.Itoa(slices.Index(h.groups[0].hosts, h)+1), Addr: h.addr.String(), Client: h.client.Name,
			Seconds: rounded(h.done), Share: rounded(float64(h.pieces) / float64(s.cfg.Pieces)), Representative: h.represents > 0, Slow: h.slow,
			In: s.net.carried[h.down] / s.cfg.Payload, Out: s.net.carried[h.up] / s.cfg.Payload,
		}
		switch {
		case h.dead:
			line.Failure = experiment.FailureKilled
		case !h.complete(s):
			line.Failure = "has " + strconv.Itoa(h.pieces) + " of " + strconv.Itoa(s.cfg.Pieces) + " pieces"
		default:
			times = append(times, h.done)
			o.Longest = max(o.Longest, h.done-h.began)
			if !h.slow {
				o.Times.Fast = max(o.Times.Fast, h.done)
			}
		}
		o.Add(line)
	}
	if slices.Sort(times); len(times) > 0 {
		at := func(share float64) float64 { return times[int(math.Ceil(share*float64(len(times))))-1] }
		o.Times.First, o.Times.Median, o.Times.P90, o.Times.P99, o.Times.Last = times[0], at(0.5), at(0.9), at(0.99), at(1)
		o.Makespan = o.Times.Last
	}
	o.Finish()
}

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

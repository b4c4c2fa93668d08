package swarmsim

import (
	"math"
	"slices"
	"strconv"
)

// Outcome is what a run came to. Copies are bytes of the payload that crossed a link, divided
// by its size; there are no headers in them.
type Outcome struct {
	Racks    []Uplink `json:"racks"`
	Groups   []Uplink `json:"groups,omitempty"` // around racks
	Hosts    []Host   `json:"hosts"`
	In       Spread   `json:"in"`       // of the racks without the first seeder
	Out      Spread   `json:"out"`      // likewise
	Makespan float64  `json:"makespan"` // seconds until the last host had the payload; 0: one never had
	Bound    float64  `json:"bound"`    // the least that is possible: one copy over the narrowest link
	Ratio    float64  `json:"ratio"`    // of these
	Longest  float64  `json:"longest"`  // seconds that any host took from when it joined itself
	Struck   float64  `json:"struck,omitempty"`
	Finished int      `json:"finished"`
	Expected int      `json:"expected"` // hosts but those that were killed
	Times    Times    `json:"times"`
	Imported Imported `json:"imported"`
}

// Uplink is what crossed the uplink of a group, in copies.
type Uplink struct {
	Name string  `json:"name"`
	In   float64 `json:"in"`
	Out  float64 `json:"out"`
}

// Host is one that fetched.
type Host struct {
	Name           string  `json:"name"`
	Addr           string  `json:"addr"`
	Client         string  `json:"client"`
	Seconds        float64 `json:"seconds,omitempty"` // from the first join until it had everything
	Share          float64 `json:"share"`             // of the payload that it has
	In             float64 `json:"in"`
	Out            float64 `json:"out"`
	Representative bool    `json:"representative,omitempty"` // when it announced last
	Slow           bool    `json:"slow,omitempty"`
	Fate           string  `json:"fate,omitempty"` // why it did not finish
}

// Spread is a mean and the most.
type Spread struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// Times are the seconds after which a share of the hosts had the payload, of those that got
// it.
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

func spreadOf(values []float64) (s Spread) {
	for _, v := range values {
		s.Mean += v / float64(len(values))
		s.Max = max(s.Max, v)
	}
	return s
}

func (s *Sim) outcome() *Outcome {
	o := &Outcome{Struck: s.struck, Bound: s.bound()}
	copies := func(link int32) float64 { return s.net.carried[link] / s.cfg.Payload }
	var in, out []float64
	for i, g := range s.groups {
		u := Uplink{string(g.location), copies(g.in), copies(g.out)}
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
	o.In, o.Out = spreadOf(in), spreadOf(out)
	s.addHosts(o)
	return o
}

// bound is the time of one copy over the narrowest link.
func (s *Sim) bound() float64 { return s.cfg.Payload / slices.Min(s.net.capacity) }

func (s *Sim) addHosts(o *Outcome) {
	var times []float64
	for _, h := range s.hosts {
		if h.seeder {
			continue
		}
		line := Host{
			Name: string(h.groups[0].location) + "h" + strconv.Itoa(slices.Index(h.groups[0].hosts, h)+1), Addr: h.addr.String(), Client: h.client.Name,
			Seconds: rounded(h.done), Share: rounded(float64(h.pieces) / float64(s.cfg.Pieces)), Representative: h.represents > 0, Slow: h.slow,
			In: s.net.carried[h.down] / s.cfg.Payload, Out: s.net.carried[h.up] / s.cfg.Payload,
		}
		switch {
		case h.dead:
			line.Fate = "killed"
		case !h.complete(s):
			o.Expected++
			line.Fate = "has " + strconv.Itoa(h.pieces) + " of " + strconv.Itoa(s.cfg.Pieces) + " pieces"
		default:
			o.Expected++
			o.Finished++
			times = append(times, h.done)
			o.Longest = max(o.Longest, h.done-h.began)
			if !h.slow {
				o.Times.Fast = max(o.Times.Fast, h.done)
			}
		}
		o.Hosts = append(o.Hosts, line)
	}
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	at := func(share float64) float64 { return times[int(math.Ceil(share*float64(len(times))))-1] }
	o.Times.First, o.Times.Median, o.Times.P90, o.Times.P99, o.Times.Last = times[0], at(0.5), at(0.9), at(0.99), at(1)
	if o.Finished == o.Expected {
		o.Makespan = o.Times.Last
	}
	o.Ratio = o.Makespan / o.Bound
}

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

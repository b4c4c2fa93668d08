package main

import (
	"errors"
	"fmt"
	"strings"
)

const (
	unitBytes = " bytes"
	unitHosts = " hosts"
)

// verdict holds a figure against its bound. Only ratios within one run carry over to other
// machines, so figures are ratios, or bytes.
type verdict struct {
	what       string
	got, bound float64
	unit       string // after the number
	missing    string // why there is no figure
}

func (v verdict) met() bool { return v.missing == "" && v.got <= v.bound }

func (v verdict) String() string {
	switch {
	case v.missing != "":
		return fmt.Sprintf("not measured: %s: %s", v.what, v.missing)
	case v.met():
		return "met: " + v.figures()
	}
	return "MISSED: " + v.figures()
}

func (v verdict) figures() string {
	digits := 2
	if v.unit == unitBytes || v.unit == unitHosts {
		digits = 0
	}
	return fmt.Sprintf("%s: %.*f%s, at most %g%s", v.what, digits, v.got, v.unit, v.bound, v.unit)
}

// floorBound is for the CPU time of frontend and Redis for one announce, as a multiple of the
// floor's, under these loads.
const floorBound = 1.6

var (
	floorWorkloads = []workload{manyTransfers, fewTransfers}
	floorProtocols = []string{protocolKeepAlive, protocolUDP}
)

// The bounds of the script, as multiples of one that does nothing, by the benchmark's names.
var scriptBounds = []struct {
	name  string
	bound float64
}{
	{"rack of 40 of 10000", 3.5},
	{"representative with 10000 racks", 6},
	{flat, 6},
}

// Cases of the benchmark that are held against others.
const (
	flat           = "flat swarm of 100000"
	millionFlat    = "flat swarm of 1000000"
	millionInRacks = "rack of 40 of 1000000"
)

const (
	growthBound = 1.1 // what an announce costs in ten times as large a swarm, as a multiple
	memoryBound = 700 // bytes of Redis for a peer, at 1,000,000
)

func (s *suite) verdicts() (all []verdict) {
	for _, w := range floorWorkloads {
		for _, protocol := range floorProtocols {
			all = append(all, s.floorVerdict(w, protocol))
		}
	}
	for _, b := range scriptBounds {
		all = append(all, s.scriptVerdict(b.name, b.bound))
	}
	all = append(all, s.growthVerdict(), s.memoryVerdict(millionFlat), s.memoryVerdict(millionInRacks))
	return append(all, verdict{
		what: fmt.Sprintf("storm: of %d that start in one second, those refused, failed or late", s.storm.Answered+s.storm.bad()),
		got:  float64(s.storm.bad()), unit: unitHosts,
	})
}

func (s *suite) floorVerdict(w workload, protocol string) verdict {
	v := verdict{what: fmt.Sprintf("CPU of an announce, %s, over %s", w, protocolNames[protocol]), bound: floorBound, unit: " × floor"}
	if ours := s.find(oursName, w, protocol); ours.none() {
		v.missing = "no UDP"
	} else {
		v.got = ours.times(s.find(floorName, w, protocol))
	}
	return v
}

func (s *suite) scriptVerdict(name string, bound float64) verdict {
	v := verdict{what: "CPU of the announce script, " + name, bound: bound, unit: " × no-op", missing: s.noCase()}
	if c := s.scriptCost(name); c != nil {
		v.got, v.missing = c.cost, ""
	}
	return v
}

// growthVerdict holds a swarm against one ten times as large, by their times: what a no-op takes does
// not depend on the swarm, but differs from case to case.
func (s *suite) growthVerdict() verdict {
	v := verdict{what: "CPU of the announce script, " + millionFlat, bound: growthBound, unit: " × " + flat, missing: s.noCase()}
	if small, large := s.scriptCost(flat), s.scriptCost(millionFlat); small != nil && large != nil {
		v.got, v.missing = large.micros/small.micros, ""
	}
	return v
}

func (s *suite) memoryVerdict(name string) verdict {
	v := verdict{what: "memory of Redis for a peer, " + name, bound: memoryBound, unit: unitBytes, missing: s.noCase()}
	if c := s.scriptCost(name); c != nil {
		v.got, v.missing = c.bytes, ""
	}
	return v
}

// noCase is why a case of the script's benchmark has no figure.
func (s *suite) noCase() string {
	if len(s.script) == 0 {
		return "the script's benchmark was left out"
	}
	return "the benchmark has no such case"
}

func (s *suite) scriptCost(name string) *scriptCost {
	for i := range s.script {
		if s.script[i].name == name {
			return &s.script[i]
		}
	}
	return nil
}

// find is a cell, or nil if that is not measured.
func (s *suite) find(name string, w workload, protocol string) *cell {
	for _, c := range s.cells {
		if c.name == name && c.workload == w && c.protocol == protocol {
			return c
		}
	}
	return nil
}

// missed is an error if a bound was.
func missed(all []verdict) error {
	var names []string
	for _, v := range all {
		if v.missing == "" && !v.met() {
			names = append(names, v.what)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return errors.New("missed: " + strings.Join(names, "; "))
}

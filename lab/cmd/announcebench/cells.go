package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The population of each workload.
const (
	populationHosts = 20_000
	populationRacks = 500
)

var (
	manyTransfers = workload{transfers: 1000}
	fewTransfers  = workload{transfers: 10}
	wholeRacks    = workload{transfers: 10, together: true}
	stormTransfer = workload{transfers: 1}
)

// Deployments that are compared.
const (
	oursName        = "1 frontend"
	opentrackerName = "opentracker"
)

// cell is one tracker under one workload over one protocol.
type cell struct {
	*deployment
	workload
	protocol string
	closed   []*result // closed loop, once in each round
	open     *result   // open loop at half of the peak
	rate     float64   // of the open loop, in announces a second
}

// none says that there is nothing to measure.
func (c *cell) none() bool { return c.protocol == protocolUDP && !c.udp }

// times is how many times the CPU time of another cell's announce one takes: the median of
// the rounds, in each of which both were measured within a minute.
func (c *cell) times(other *cell) float64 {
	ratios := make([]float64, 0, len(c.closed))
	for round, r := range c.closed {
		ratios = append(ratios, cpuOf(r, "frontend", "redis")/cpuOf(other.closed[round], "frontend", "redis"))
	}
	return median(ratios)
}

// perSecond is the median of the rounds.
func (c *cell) perSecond() float64 {
	return c.median(func(r *result) float64 { return r.PerSecond })
}

// cpu is the CPU time of an announce in µs, of processes of these names: the median of the
// rounds.
func (c *cell) cpu(names ...string) float64 {
	return c.median(func(r *result) float64 { return cpuOf(r, names...) })
}

func (c *cell) generator() float64 { return c.cpu("generator") }
func (c *cell) frontend() float64  { return c.cpu("frontend") }
func (c *cell) store() float64     { return c.cpu("redis") }
func (c *cell) whole() float64     { return c.cpu("frontend", "redis") }

func (c *cell) median(of func(*result) float64) float64 {
	values := make([]float64, 0, len(c.closed))
	for _, r := range c.closed {
		values = append(values, of(r))
	}
	return median(values)
}

func cpuOf(r *result, names ...string) (sum float64) {
	for _, name := range names {
		sum += r.CPU[name]
	}
	return sum
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// bad is how many announces were not answered well, in all rounds.
func (c *cell) bad() (n int, fault string) {
	for _, r := range append(slices.Clone(c.closed), c.open) {
		if r != nil {
			n += r.bad()
			fault = cmp.Or(fault, r.Fault)
		}
	}
	return n, fault
}

// measure runs a load of the cell in a process of its own, on the generator's core. Over
// UDP it is to be prepared: hosts need connection ids, even if they have joined.
func (e *environment) measure(ctx context.Context, c *cell, duration time.Duration, rate float64, prepare bool) (*result, error) {
	return e.load(ctx, c.deployment, "load", "--protocol", c.protocol,
		"--hosts", strconv.Itoa(populationHosts), "--racks", strconv.Itoa(populationRacks),
		"--transfers", strconv.Itoa(c.transfers), "--together="+strconv.FormatBool(c.together),
		"--duration", duration.String(),
		"--prepare="+strconv.FormatBool(prepare),
		"--rate", strconv.FormatFloat(rate, 'f', 0, 64))
}

// load runs announcebench against a deployment.
func (e *environment) load(ctx context.Context, d *deployment, args ...string) (*result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, target := range d.targets {
		args = append(args, "--target", target)
	}
	for name, pids := range d.processes {
		args = append(args, "--watch", name+"="+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(pids)), ","), "[]"))
	}
	command := pinned(ctx, e.loadCores, append([]string{self}, args...)...)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	r := new(result)
	return r, json.Unmarshal(out, r)
}

package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	cpuPeriod = time.Second
	// A case is marked if the machine was busier than busyShare for more than busyTime of it.
	busyShare = 0.85
	busyTime  = 0.1
)

// cpuMeter tells how busy the machine was, with all that runs on it.
type cpuMeter struct {
	read    time.Time
	last    cpuTimes
	periods []float64 // share of the CPUs' time that was used, of each period
}

// cpuTimes are ticks of all CPUs since the machine started.
type cpuTimes struct{ busy, all uint64 }

// sample is called often, and looks once in a period.
func (c *cpuMeter) sample() {
	if time.Since(c.read) < cpuPeriod {
		return
	}
	text, _ := os.ReadFile("/proc/stat")
	now, err := parseCPU(string(text))
	if err != nil {
		return
	}
	if !c.read.IsZero() && now.all > c.last.all {
		c.periods = append(c.periods, float64(now.busy-c.last.busy)/float64(now.all-c.last.all))
	}
	c.read, c.last = time.Now(), now
}

// parseCPU reads the first line of proc_stat(5): user, nice, system, idle, iowait, irq,
// softirq, steal, and guest times, which are in user and nice already. What was stolen by
// the machine's host was not there for us.
func parseCPU(text string) (t cpuTimes, err error) {
	line, _, _ := strings.Cut(text, "\n")
	var v [8]uint64
	_, err = fmt.Sscanf(line, "cpu %d %d %d %d %d %d %d %d", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7])
	const idle, iowait = 3, 4
	for n, ticks := range v {
		t.all += ticks
		if n != idle && n != iowait {
			t.busy += ticks
		}
	}
	return t, err
}

// mean is the share of the CPUs' time that was used.
func (c *cpuMeter) mean() float64 {
	sum := 0.0
	for _, p := range c.periods {
		sum += p
	}
	return sum / float64(max(1, len(c.periods)))
}

// limited says whether the CPUs were used up for so long that they, and not the links, may
// have set the times.
func (c *cpuMeter) limited() bool {
	busy := 0
	for _, p := range c.periods {
		if p > busyShare {
			busy++
		}
	}
	return float64(busy) > busyTime*float64(len(c.periods))
}

package main

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// counts are announces by what became of them.
type counts struct {
	Answered int `json:"answered"`
	Refused  int `json:"refused"` // no connection, or closed without a word
	Failed   int `json:"failed"`  // answered with a failure, a warning, or nonsense
	Late     int `json:"late"`    // not answered within the deadline
}

func (c counts) bad() int { return c.Refused + c.Failed + c.Late }

// latency is in milliseconds, from when an announce was due.
type latency struct {
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p99_9_ms"`
	Max  float64 `json:"max_ms"`
}

// tally is what became of the announces of a run.
type tally struct {
	counts
	peers    int           // in all replies
	took     time.Duration // from the first announce to the last answer
	fault    string        // what the first was that went wrong
	deadline time.Duration
	hist     *hdrhistogram.Histogram // of microseconds
}

func newTally(deadline time.Duration) *tally {
	const digits = 3 // latencies are kept to a thousandth of themselves
	return &tally{deadline: deadline, hist: hdrhistogram.New(1, time.Minute.Microseconds(), digits)}
}

// add counts one announce by its latency and its answer or error.
func (t *tally) add(took time.Duration, r reply, err error) {
	switch {
	case isRefused(err):
		t.Refused++
		t.note(err.Error())
	case err != nil:
		t.Failed++
		t.note(err.Error())
	case r.failure != "":
		t.Failed++
		t.note(r.failure)
	case took > t.deadline:
		t.Late++
	default:
		t.Answered++
		t.peers += r.peers
	}
	if err == nil {
		// It holds all that a deadline of a minute lets through.
		_ = t.hist.RecordValue(min(max(took.Microseconds(), 1), time.Minute.Microseconds()))
	}
}

func (t *tally) note(fault string) {
	if t.fault == "" {
		t.fault = fmt.Sprintf("%.200s", fault)
	}
}

func (t *tally) latency() latency {
	ms := func(quantile float64) float64 { return float64(t.hist.ValueAtQuantile(quantile)) / 1000 }
	return latency{P50: ms(50), P99: ms(99), P999: ms(99.9), Max: float64(t.hist.Max()) / 1000}
}

package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// Latencies are those of a sorted list, to a thousandth.
func TestLatency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.SliceOfN(rapid.IntRange(1, 60_000_000), 1, 2000).Draw(t, "micros")
		tally := newTally(time.Minute)
		for _, n := range micros {
			tally.add(time.Duration(n)*time.Microsecond, reply{}, nil)
		}
		slices.Sort(micros)
		got := tally.latency()
		for quantile, ms := range map[float64]float64{50: got.P50, 99: got.P99, 99.9: got.P999, 100: got.Max} {
			rank := max(int(quantile/100*float64(len(micros))+0.5), 1)
			want := float64(micros[rank-1]) / 1000
			if math.Abs(ms-want) > want/500+0.001 {
				t.Fatalf("%v of 100 in %v ms, want %v", quantile, ms, want)
			}
		}
	})
}

func TestOutcomes(t *testing.T) {
	tally := newTally(time.Second)
	for _, tt := range []struct {
		took time.Duration
		r    reply
		err  error
	}{
		{1, reply{peers: 3}, nil},
		{1, reply{peers: 4}, nil},
		{time.Second + 1, reply{peers: 5}, nil},
		{1, reply{failure: "no"}, nil},
		{1, reply{}, errors.New("nonsense")},
		{1, reply{}, fmt.Errorf("connect: %w", unix.ECONNREFUSED)},
		{1, reply{}, fmt.Errorf("read: %w", unix.ECONNRESET)},
		{1, reply{}, fmt.Errorf("write: %w", unix.EPIPE)},
	} {
		tally.add(tt.took, tt.r, tt.err)
	}
	if want := (counts{Answered: 2, Late: 1, Failed: 2, Refused: 3}); tally.counts != want {
		t.Errorf("%+v, want %+v", tally.counts, want)
	}
	if tally.peers != 7 || tally.fault != "no" || tally.bad() != 6 {
		t.Errorf("%d peers, %d bad, fault %q", tally.peers, tally.bad(), tally.fault)
	}
}

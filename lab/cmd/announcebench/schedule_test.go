package main

import (
	"testing"
	"time"
)

// In an open loop announces are due at fixed times, however late they are taken.
func TestOpenLoop(t *testing.T) {
	s := schedule{rate: 4, end: 2 * time.Second}
	for _, tt := range []struct {
		now  time.Duration
		want []time.Duration
	}{
		{0, []time.Duration{0}},
		{249 * time.Millisecond, nil},
		{250 * time.Millisecond, []time.Duration{250 * time.Millisecond}},
		{time.Second, []time.Duration{500 * time.Millisecond, 750 * time.Millisecond, time.Second}},
		{time.Hour, []time.Duration{1250 * time.Millisecond, 1500 * time.Millisecond, 1750 * time.Millisecond}},
	} {
		for _, want := range tt.want {
			if s.over(tt.now) {
				t.Fatalf("over at %v", tt.now)
			}
			if due, ok := s.next(tt.now); !ok || due != want {
				t.Fatalf("at %v: %v %t, want %v", tt.now, due, ok, want)
			}
		}
		if due, ok := s.next(tt.now); ok {
			t.Fatalf("at %v: one more, due at %v", tt.now, due)
		}
	}
	if !s.over(0) {
		t.Error("not over after all were sent")
	}
}

// Rates that no whole number of nanoseconds lies between do not drift.
func TestOpenLoopDoesNotDrift(t *testing.T) {
	s := schedule{rate: 3e5, end: 10 * time.Second}
	sent := 0
	for {
		if _, ok := s.next(time.Hour); !ok {
			break
		}
		sent++
	}
	if sent != 3_000_000 {
		t.Errorf("%d announces in 10 s at 300,000/s", sent)
	}
}

func TestClosedLoop(t *testing.T) {
	s := schedule{end: time.Second}
	for _, now := range []time.Duration{0, 0, 1, time.Second - 1} {
		if due, ok := s.next(now); !ok || due != now {
			t.Errorf("at %v: %v %t", now, due, ok)
		}
	}
	if _, ok := s.next(time.Second); ok || !s.over(time.Second) || s.over(0) {
		t.Error("does not end at its end")
	}
}

func TestLimit(t *testing.T) {
	for _, s := range []schedule{{limit: 3}, {limit: 3, rate: 10, end: time.Minute}} {
		for range 3 {
			if _, ok := s.next(time.Second); !ok {
				t.Fatalf("%+v: ends early", s)
			}
		}
		if _, ok := s.next(time.Second); ok || !s.over(time.Second) {
			t.Errorf("%+v: goes on", s)
		}
	}
}

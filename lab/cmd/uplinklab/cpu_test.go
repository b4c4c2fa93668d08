package main

import "testing"

func TestCPU(t *testing.T) {
	got, err := parseCPU("cpu  10 1 20 60 5 1 2 1 3 0\ncpu0 1 2 3 4\n")
	if err != nil || got != (cpuTimes{busy: 35, all: 100}) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := parseCPU("intr 1 2 3"); err == nil {
		t.Error("no error")
	}
	for _, c := range []struct {
		periods []float64
		limited bool
	}{
		{nil, false},
		{[]float64{0.2, 0.3, 0.4, 0.5}, false},
		{[]float64{0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, false},
		{[]float64{0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.1}, true},
	} {
		if m := (cpuMeter{periods: c.periods}); m.limited() != c.limited {
			t.Errorf("%v: limited %v", c.periods, m.limited())
		}
	}
}

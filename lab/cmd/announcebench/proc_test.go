package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 42 42 0 -1 4194560 1000 0 1 0 123 45 7 8 20 0 9 0 100 1000000 500"
	for text, want := range map[string]time.Duration{
		"42 (redis-server)" + rest:                               1680 * time.Millisecond,
		"42 (a) (b c) 1 2 3 4)" + rest:                           1680 * time.Millisecond,
		"42 ()" + rest:                                           1680 * time.Millisecond,
		"42 (cut) S 1 42 42 0 -1 1 1 0 ":                         -1,
		"42 (letters) S 1 42 42 0 -1 4194560 1000 0 1 0 x 45 7":  -1,
		"42 (negative) S 1 42 42 0 -1 4194560 1000 0 1 0 1 -1 7": -1,
		"": -1,
	} {
		got, err := parseStat([]byte(text))
		if (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for text, want := range map[string]int{
		"Name:\tredis\nVmPeak:\t  300 kB\nVmRSS:\t    12 kB\nThreads:\t3\n": 12 << 10,
		"Name:\tVmRSS: 5 kB\nVmRSS:\t7 kB":                                  7 << 10,
		"Name:\tkthread\n":                                                  -1,
		"VmRSS:\tx kB\n":                                                    -1,
	} {
		got, err := parseStatus([]byte(text))
		if (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

// The real files are read, of one process or several.
func TestProc(t *testing.T) {
	me := os.Getpid()
	one, err := residentBytes([]int{me})
	if err != nil || one < 1<<20 {
		t.Errorf("%d bytes, %v", one, err)
	}
	if two, err := residentBytes([]int{me, os.Getppid()}); err != nil || two <= one/2 {
		t.Errorf("%d bytes with the parent, %v", two, err)
	}
	for sum := 0; ; sum++ { // CPU time passes, if one waits for it by using it
		if used, err := cpuTime([]int{me}); err != nil {
			t.Fatal(err)
		} else if used > 0 {
			break
		}
	}
	if _, err := cpuTime([]int{1 << 30}); err == nil || !strings.Contains(err.Error(), "1073741824") {
		t.Errorf("of nobody: %v", err)
	}
}

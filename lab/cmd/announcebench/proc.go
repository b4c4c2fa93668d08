package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc: Linux shows them in hundredths of a second on every
// machine that Go knows.
const tick = 10 * time.Millisecond

// cpuTime is the CPU time that processes have used until now, in user and kernel mode.
func cpuTime(pids []int) (time.Duration, error) {
	return sum(pids, "stat", parseStat)
}

// residentBytes is the memory of processes that is in RAM.
func residentBytes(pids []int) (int, error) {
	return sum(pids, "status", parseStatus)
}

// sum adds up what a file in /proc says of each process.
func sum[N int | time.Duration](pids []int, file string, parse func([]byte) (N, error)) (all N, err error) {
	for _, pid := range pids {
		path := fmt.Sprintf("/proc/%d/%s", pid, file)
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		n, err := parse(text)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		all += n
	}
	return all, nil
}

// parseStat reads utime and stime, fields 14 and 15 of proc_pid_stat(5). The second one,
// the program's name, may hold blanks and parentheses.
func parseStat(text []byte) (time.Duration, error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, fmt.Errorf("has %d fields after the name", len(fields))
	}
	user, err := strconv.ParseUint(string(fields[utime]), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("utime: %w", err)
	}
	system, err := strconv.ParseUint(string(fields[stime]), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("stime: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// parseStatus reads VmRSS of proc_pid_status(5), in bytes.
func parseStatus(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "VmRSS:" && string(fields[2]) == "kB" {
			kilobytes, err := strconv.ParseUint(string(fields[1]), 10, 53)
			return int(kilobytes) << 10, err
		}
	}
	return 0, fmt.Errorf("has no VmRSS")
}

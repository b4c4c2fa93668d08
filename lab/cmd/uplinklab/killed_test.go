package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that is killed, or asked to end, while clients push leaves none of its programs.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		command := exec.Command(program, "--racks", "1", "--hosts", "2", "--payload", "4",
			"--clients", "aria2", "--trackers", ours, "--representatives", "1")
		progress, err := command.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(progress); lines.Scan() && !strings.HasPrefix(lines.Text(), "1 of 1"); {
			t.Log(lines.Text())
		}
		var pids []string
		eventually(t, func() error {
			programs := map[string]int{}
			pids = nil
			for pid, name := range descendants(t, fmt.Sprint(command.Process.Pid)) {
				pids = append(pids, pid)
				programs[name]++
			}
			if programs["aria2c"] < 3 || programs["redis-server"] != 1 {
				return fmt.Errorf("not everything runs yet: %v", programs)
			}
			return nil
		})
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err == nil {
			t.Errorf("%v: it ended with status 0", signal)
		}
		eventually(t, func() error {
			for _, pid := range pids {
				if _, err := os.Stat("/proc/" + pid); err == nil {
					return fmt.Errorf("%v: process %s is left", signal, pid)
				}
			}
			return nil
		})
	}
}

// descendants are all processes below one, by pid, with their names.
func descendants(t *testing.T, root string) map[string]string {
	t.Helper()
	out, err := exec.Command("ps", "-e", "-o", "pid=,ppid=,comm=").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for grown := true; grown; {
		grown = false
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			pid, parent, name := fields[0], fields[1], fields[2]
			_, below := found[parent]
			if _, known := found[pid]; !known && (below || parent == root) {
				found[pid], grown = name, true
			}
		}
	}
	return found
}

// eventually repeats a check until it finds no fault any more.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

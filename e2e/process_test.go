package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const (
	patience  = 3 * time.Minute // for what takes some seconds
	stopBound = 20 * time.Second
	tailSize  = 6 << 10 // bytes of a log that a failed test shows
)

// start runs a program in a process group of its own until the test ends, or
// this process does: then the group gets the signal. What it prints goes to the
// file log, whose end a failed test shows. The channel closes when it has ended.
func start(t testing.TB, command *exec.Cmd, log string, end syscall.Signal) <-chan struct{} {
	t.Helper()
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: end}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop(-command.Process.Pid, end, ended)
		showLog(t, log)
	})
	return ended
}

// stop signals a process group until its leader has ended.
func stop(group int, end syscall.Signal, ended <-chan struct{}) {
	for !hasEnded(ended) {
		_ = syscall.Kill(group, end)
		select {
		case <-ended:
		case <-time.After(stopBound):
			end = syscall.SIGKILL
		}
	}
}

func hasEnded(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// showLog prints the end of a file if the test has failed.
func showLog(t testing.TB, path string) {
	t.Helper()
	if !t.Failed() {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Log(err)
		return
	}
	t.Logf("%s:\n%s", path, bytes.TrimSpace(text[max(0, len(text)-tailSize):]))
}

// await repeats a check until it finds no fault any more.
func await(t testing.TB, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", patience, err)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

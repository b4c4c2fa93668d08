package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

const (
	patience = 3 * time.Minute // for what takes some seconds
	tailSize = 6 << 10         // bytes of a log that a failed test shows
)

// start runs a program in a process group of its own until the test ends, or this process
// does: then the group gets the signal. What it prints goes to the file log, whose end a
// failed test shows.
func start(t testing.TB, command *exec.Cmd, log string, end syscall.Signal) *netlab.Process {
	t.Helper()
	process, err := netlab.Start(command, log, end)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Stop()
		showLog(t, log)
	})
	return process
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

package sources

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Close ends a program that neither ends with its input nor obeys SIGTERM, with
// what it has started; nothing of it is left, not even a zombie or a goroutine.
func TestCommandClose(t *testing.T) {
	opts := patient
	opts.grace = shortTimeout
	b := runScript(t, `
trap '' TERM
(trap '' TERM; while :; do sleep 1; done) &
echo $! >child
read -r ip
echo $ip >>asked
while :; do sleep 1; done
`, opts)
	failed := make(chan error)
	go func() {
		_, err := b.Locate(t.Context(), hostAddr)
		failed <- err
	}()
	eventually(t, "the question", func() bool { return len(b.lines("asked")) == 1 })
	b.Close()
	if err := <-failed; kind(err) != errFailure {
		t.Error(err)
	}
	b.fails("10.0.0.1", errClosed)
	if !isGone(b.lastPid()) {
		t.Error("the program is still there")
	}
	child, err := strconv.Atoi(b.lines("child")[0])
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child's end", func() bool { return isDead(child) })
	eventually(t, "the goroutines' end", func() bool {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		return !strings.Contains(stacks, "sources.(*command)") && !strings.Contains(stacks, "sources.(*program)") && !strings.Contains(stacks, "os/exec.")
	})
}

// Close does not wait for a program that waits to be started again.
func TestCommandCloseDuringPause(t *testing.T) {
	opts := patient
	opts.pauses.InitialInterval, opts.pauses.MaxInterval = time.Hour, time.Hour
	b := runScript(t, `exit 3`, opts)
	b.logs("in=1h0m0s")
	b.Close()
	b.fails("10.0.0.1", errClosed)
}

// A program that obeys gets its input's end and a SIGTERM, and the time to obey.
func TestCommandObeys(t *testing.T) {
	b := runScript(t, `
trap 'echo >>obeyed TERM' TERM
while read -r ip; do echo r1; done
sleep 0.1
echo >>obeyed end
`, patient)
	b.answers("10.0.0.1", tracker.Place{Location: "r1"})
	b.Close()
	if got := strings.Join(b.lines("obeyed"), " "); got != "TERM end" {
		t.Errorf("%q", got)
	}
}

// isGone says whether there is no such process, not even a zombie.
func isGone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// isDead is also true of a zombie: who has lost his parent is init's to bury.
func isDead(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

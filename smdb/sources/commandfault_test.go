package sources

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
)

// A program that is killed while many ask is started again; nobody gets
// another's rack, or the answer that a host is not known.
func TestCommandKilled(t *testing.T) {
	b := runScript(t, echo, patient)
	b.answers("10.0.0.1", echoed("10.0.0.1"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				ip := fmt.Sprintf("10.%d.0.%d", i, n)
				place, err := b.Locate(t.Context(), netip.MustParseAddr(ip))
				if err == nil && place != echoed(ip) || err != nil && kind(err) != errFailure {
					t.Errorf("%s: %+v, %v", ip, place, err)
				}
			}
		})
	}
	for kills := 1; kills <= 5; kills++ {
		if err := syscall.Kill(b.lastPid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a start", func() bool { return len(b.lines("starts")) == kills+1 })
	}
	wg.Wait()
	b.answers("10.0.0.1", echoed("10.0.0.1"))
}

// Who waits for an answer learns at once that the program was killed.
func TestCommandKilledInFlight(t *testing.T) {
	b := runScript(t, `while read -r ip; do echo $ip >>asked; sleep 600; done`, patient)
	failed := make(chan error)
	go func() {
		_, err := b.Locate(t.Context(), hostAddr)
		failed <- err
	}()
	eventually(t, "the question", func() bool { return len(b.lines("asked")) == 1 })
	// Of the whole group, since its shell alone would leave the sleep behind, whose
	// end is waited for during grace.
	if err := syscall.Kill(-b.lastPid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; kind(err) != errFailure || !strings.Contains(err.Error(), "signal: killed") {
		t.Error(err)
	}
}

// What a program starts does not outlive it, even if it holds the output open.
func TestCommandLeavesAChildBehind(t *testing.T) {
	opts := patient
	opts.grace = shortTimeout
	b := runScript(t, `
if [ -e child ]; then`+echo+`fi
sleep 600 &
echo $! >child
read -r ip
`, opts)
	b.fails("10.0.0.1", nil)
	child, err := strconv.Atoi(b.lines("child")[0])
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child's end", func() bool { return isDead(child) })
	b.answers("10.0.0.1", echoed("10.0.0.1"))
}

// An answer that comes too late is not taken for the next question's.
func TestCommandLateAnswer(t *testing.T) {
	opts := patient
	opts.timeout = shortTimeout
	b := runScript(t, `
while read -r ip; do
	if [ "$ip" = 10.0.0.9 ]; then sleep 0.125; fi
	printf 'dc1/%s\thost-%s\n' "$ip" "$ip"
	if [ "$ip" = 10.0.0.9 ]; then sleep 600; fi
done
`, opts)
	b.answers("10.0.0.1", echoed("10.0.0.1"))
	b.fails("10.0.0.9", nil)
	for i := range 20 {
		ip := fmt.Sprintf("10.0.1.%d", i)
		b.answers(ip, echoed(ip))
	}
	b.logs("location program is started again")
}

// After a line too many no answer can be trusted: another program is started.
func TestCommandSaysTooMuch(t *testing.T) {
	for name, tt := range map[string]struct {
		fault string // is run instead of an answer, at the first start
		want  error  // nil: any
	}{
		"two lines":      {`printf 'r1\nr2\n'`, errTooMuch},
		"half a line":    {`printf 'r1\nr2'`, errTooMuch},
		"three words":    {`echo loaded 300 hosts`, errNoProtocol},
		"a huge line":    {`head -c 1000000 /dev/zero | tr '\0' x; echo`, errLongLine},
		"an endless one": {`tr '\0' x </dev/zero`, errLongLine},
		"no newline":     {`printf dc1/r1; exit`, nil},
		"nothing":        {`exit 3`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := runScript(t, `
if [ ! -e fault ]; then
	read -r ip
	: >fault
	`+tt.fault+`
fi
`+echo, patient)
			b.fails("10.0.0.1", tt.want)
			b.logs("location program is started again")
			b.answers("10.0.0.2", echoed("10.0.0.2"))
			if starts := b.lines("starts"); len(starts) != 2 {
				t.Errorf("%d starts", len(starts))
			}
		})
	}
}

// A program that closes its output is one that does not answer.
func TestCommandClosesItsOutput(t *testing.T) {
	opts := patient
	opts.first = shortTimeout
	b := runScript(t, `exec >&-; sleep 600`, opts)
	b.fails("10.0.0.1", nil)
	b.logs("location program is started again")
}

// A line that nobody asked for would be taken for the next question's answer.
func TestCommandBanner(t *testing.T) {
	b := runScript(t, `
if [ ! -e fault ]; then
	: >fault
	echo ready
fi
`+echo, patient)
	b.logs("it wrote a line although nothing was asked")
	b.answers("10.0.0.2", echoed("10.0.0.2"))
}

// A program that answers each question and ends is started for each: slow, but
// no answer is lost.
func TestCommandOfOneAnswer(t *testing.T) {
	b := runScript(t, `read -r ip && printf 'dc1/%s\thost-%s\n' "$ip" "$ip"`, patient)
	for i := range 10 {
		ip := fmt.Sprintf("10.0.0.%d", i)
		b.answers(ip, echoed(ip))
	}
}

// The second pause is an hour here: so there are two starts, and a question
// meanwhile fails at once.
func TestCommandBacksOff(t *testing.T) {
	opts := patient
	opts.pauses.Multiplier, opts.pauses.MaxInterval = 3.6e6, time.Hour
	b := runScript(t, `exit 3`, opts)
	b.logs("in=1h0m0s")
	b.fails("10.0.0.1", nil)
	if _, err := b.Locate(t.Context(), hostAddr); err == nil || !strings.Contains(err.Error(), "it ended: exit status 3") {
		t.Error(err)
	}
	if starts := b.lines("starts"); len(starts) != 2 {
		t.Errorf("%d starts, want 2", len(starts))
	}
}

// The same pauses do not grow for a program that ran long, which is no time at
// all here.
func TestCommandStartsAnewAfterALongRun(t *testing.T) {
	opts := patient
	opts.pauses.Multiplier, opts.pauses.MaxInterval = 3.6e6, time.Hour
	opts.steady = 0
	b := runScript(t, `exit 3`, opts)
	eventually(t, "the fifth start", func() bool { return len(b.lines("starts")) >= 5 })
}

// A program whose file has gone is tried again like one that ends.
func TestCommandVanishes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	if err := os.Symlink("/bin/sh", path); err != nil {
		t.Fatal(err)
	}
	opts := patient
	opts.first = shortTimeout
	log := &logtest.Recorder{}
	c, err := newCommand([]string{path}, opts, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	b := &commandFixture{T: t, command: c, log: log}
	defer b.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b.fails("10.0.0.1", nil) // to sh this is a command, and no question
	b.logs("no such file or directory")
}

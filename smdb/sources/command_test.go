package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// commandFixture is a shell script that is run as LOCATION_COMMAND. Each start
// leaves a line in the file starts.
type commandFixture struct {
	*testing.T
	*command
	dir string
	log *logtest.Recorder
}

// patient are options under which nothing is ended for being slow, and a program
// that ended is started again at once.
var patient = commandOptions{
	timeout: longTimeout, first: longTimeout, grace: longTimeout, steady: longTimeout,
	pauses: backoff.ExponentialBackOff{InitialInterval: time.Millisecond, Multiplier: 1, MaxInterval: time.Millisecond},
}

func runScript(t *testing.T, script string, opts commandOptions) *commandFixture {
	t.Helper()
	b := &commandFixture{T: t, dir: t.TempDir(), log: &logtest.Recorder{}}
	path := filepath.Join(b.dir, "script")
	script = "cd " + b.dir + "; echo $$ >>starts\n" + script
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.command, err = newCommand([]string{"sh", path}, opts, b.log.Logger()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-b.closed:
		default:
			b.Close()
		}
	})
	return b
}

// lines are those of a file that the script writes.
func (b *commandFixture) lines(name string) []string {
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.Fatal(err)
	}
	return strings.Fields(string(text))
}

// lastPid is the process that was started last.
func (b *commandFixture) lastPid() int {
	b.Helper()
	starts := b.lines("starts")
	pid, err := strconv.Atoi(starts[len(starts)-1])
	if err != nil {
		b.Fatal(err)
	}
	return pid
}

// eventually waits for what comes to pass, and fails if it does not.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(longTimeout); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come to pass", what)
		}
	}
}

// logs waits for a line in the log.
func (b *commandFixture) logs(part string) {
	b.Helper()
	var all []string
	eventually(b.T, "log of "+part, func() bool {
		all = append(all, b.log.Take()...)
		return strings.Contains(strings.Join(all, "\n"), part)
	})
}

// answers waits until the program answers again, after it was started anew.
func (b *commandFixture) answers(ip string, want tracker.Place) {
	b.Helper()
	eventually(b.T, "an answer", func() bool {
		place, err := b.Locate(b.Context(), netip.MustParseAddr(ip))
		if err != nil && kind(err) != errFailure || err == nil && place != want {
			b.Fatalf("%+v, %v; want %+v", place, err, want)
		}
		return err == nil
	})
}

// fails asks, and says which failure it must be; nil is any.
func (b *commandFixture) fails(ip string, want error) {
	b.Helper()
	place, err := b.Locate(b.Context(), netip.MustParseAddr(ip))
	if kind(err) != errFailure || want != nil && !errors.Is(err, want) {
		b.Errorf("%+v, %v; want %v", place, err, want)
	}
}

// echo answers with a path made of the address, so that an answer to another
// question is noticed.
const echo = `
while read -r ip; do printf 'dc1/%s\thost-%s\n' "$ip" "$ip"; done
`

func echoed(ip string) tracker.Place {
	return tracker.Place{Location: tracker.Location("dc1/" + ip), Hostname: "host-" + ip}
}

func TestCommandAnswers(t *testing.T) {
	b := runScript(t, `
while read -r ip; do
	case $ip in
	10.0.0.1) echo dc1/r17 ;;
	10.0.0.2) printf 'dc1/r17\tweb1\n' ;;
	10.0.0.3) echo ;;
	10.0.0.4) echo - ;;
	10.0.0.5) echo "!the database is away" ;;
	10.0.0.6) echo FA 12 ;;
	10.0.0.7) printf 'FA 12\t\n' ;;
	2001:db8::1) echo r6 ;;
	esac
done
`, patient)
	for range 3 {
		for _, tt := range []struct {
			ip   string
			want tracker.Place
			err  error
			text string
		}{
			{"10.0.0.1", tracker.Place{Location: "dc1/r17"}, nil, ""},
			{"10.0.0.2", tracker.Place{Location: "dc1/r17", Hostname: "web1"}, nil, ""},
			{"10.0.0.3", tracker.Place{}, smdb.ErrNotFound, ""},
			{"10.0.0.4", tracker.Place{}, smdb.ErrNotFound, ""},
			{"10.0.0.5", tracker.Place{}, errFailure, "the database is away"},
			{"10.0.0.6", tracker.Place{}, smdb.ErrInvalid, `"FA 12" needs a tab`},
			{"10.0.0.7", tracker.Place{Location: "FA%2012"}, nil, ""},
			{"2001:db8::1", tracker.Place{Location: "r6"}, nil, ""},
		} {
			place, err := b.Locate(t.Context(), netip.MustParseAddr(tt.ip))
			if place != tt.want || kind(err) != tt.err || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %+v, %v; want %+v, %v", tt.ip, place, err, tt.want, tt.err)
			}
		}
	}
	if starts := b.lines("starts"); len(starts) != 1 {
		t.Errorf("%d starts: answers are no faults", len(starts))
	}
}

// With any number of askers, of whom some leave, everybody gets his own answer.
func TestCommandStorm(t *testing.T) {
	b := runScript(t, echo, patient)
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%3 == 0 {
				time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
			}
			ip := fmt.Sprintf("10.0.%d.%d", i/256, i%256)
			place, err := b.Locate(ctx, netip.MustParseAddr(ip))
			if err == nil && place != echoed(ip) || err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %+v, %v", ip, place, err)
			}
		})
	}
	wg.Wait()
	if starts := b.lines("starts"); len(starts) != 1 {
		t.Errorf("%d starts: who leaves is not the program's fault", len(starts))
	}
}

// The first question may take longer: the program reads its data.
func TestCommandSlowStart(t *testing.T) {
	opts := patient
	opts.timeout = 0 // a second question would time out
	b := runScript(t, "sleep 0.1"+echo, opts)
	place, err := b.Locate(t.Context(), hostAddr)
	if err != nil || place != echoed(hostAddr.String()) {
		t.Errorf("%+v, %v", place, err)
	}
	b.fails("10.0.0.1", nil)
}

// Whoever leaves early takes nothing with him: the answer that he does not wait
// for is not the next one's.
func TestCommandAskerLeaves(t *testing.T) {
	b := runScript(t, `
while read -r ip; do
	echo $ip >>asked
	while [ ! -e go ]; do sleep 0.01; done
	printf 'dc1/%s\thost-%s\n' "$ip" "$ip"
done
`, patient)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := b.Locate(ctx, hostAddr)
		failed <- err
	}()
	eventually(t, "the question", func() bool { return len(b.lines("asked")) == 1 })
	busy, cancelBusy := context.WithCancel(t.Context())
	cancelBusy()
	if _, err := b.Locate(busy, hostAddr); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "busy") {
		t.Error(err)
	}
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) || kind(err) != errFailure {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	place, err := b.Locate(t.Context(), netip.MustParseAddr("10.0.0.1"))
	if err != nil || place != echoed("10.0.0.1") || len(b.lines("starts")) != 1 {
		t.Errorf("%+v, %v after %d starts", place, err, len(b.lines("starts")))
	}
}

func TestCommandStandardErrorIsLogged(t *testing.T) {
	b := runScript(t, `
echo "loaded 300 hosts" >&2
head -c 100000 /dev/zero | tr '\0' x >&2
echo >&2
printf 'last words' >&2
`, patient)
	b.logs(`msg="location program says" program=sh line="loaded 300 hosts"`)
	b.logs(`line=` + strings.Repeat("x", maxStderrLine) + "…")
	b.logs(`line="last words"`)
}

func TestCommandSettingsErrors(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("not a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ command, want string }{
		{"", "must be a program"},
		{" \t", "must be a program"},
		{"/does/not/exist", "no such file"},
		{"no-such-program-anywhere --flag", "not found"},
		{plain, "permission denied"},
		{t.TempDir(), "permission denied"},
		{`locate "two words"`, `may not hold '"'`},
		{"locate $HOME", "may not hold '$'"},
		{"locate | head", "may not hold '|'"},
		{"locate\nhead", `may not hold '\n'`},
	} {
		_, err := (&CommandSettings{LocationCommand: tt.command}).openCommand(smdb.Env{Timeout: longTimeout, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.HasPrefix(err.Error(), "LOCATION_COMMAND: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %s", tt.command, err, tt.want)
		}
	}
}

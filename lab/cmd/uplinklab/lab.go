package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// lab measures all cases of a run, one after the other.
type lab struct {
	options  *options
	progress io.Writer
	root     string // of the tracker's repository
	dir      string // of all files, in memory
	bin      string // of our programs
}

// memoryDir is in what hides the machine's /run.
const memoryDir = "/run/uplinklab"

func newLab(o *options, progress io.Writer) *lab {
	return &lab{options: o, progress: progress, dir: memoryDir, bin: filepath.Join(memoryDir, "bin")}
}

func (l *lab) logf(format string, args ...any) { fmt.Fprintf(l.progress, format+"\n", args...) }

// prepare makes this process's mounts and our programs.
func (l *lab) prepare(ctx context.Context) error {
	if err := netlab.HideNames(); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := os.Mkdir(l.dir, 0o755); err != nil { //nolint:gosec // opentracker reads there as user nobody
		return err
	}
	var err error
	if l.root, err = servers.Product(ctx); err != nil {
		return err
	}
	return servers.Build(ctx, "-o", l.bin+"/", servers.Tracker, servers.SMDBStub)
}

// errUnfinished: hosts lack the payload.
var errUnfinished = errors.New("not every host got the payload")

// measure runs all cases, and prints and writes what came out.
func (l *lab) measure(ctx context.Context, stdout io.Writer) error {
	l.logf("building")
	if err := l.prepare(ctx); err != nil {
		return err
	}
	r := l.options.results()
	var err error
	if r.PlainCopy, err = l.plainCopy(ctx); err != nil {
		return fmt.Errorf("plain copy: %w", err)
	}
	l.logf("%s", r.PlainCopy)
	cases := l.options.cases()
	for n, k := range cases {
		for range l.options.Repeat {
			l.logf("%d of %d: %s", n+1, len(cases), k)
			o, err := l.run(ctx, k)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			l.logf("  %s; CPU %.0f %% %s", o, o.CPU*100, experiment.Runs{o}.Remark())
			r.Runs = append(r.Runs, o)
		}
	}
	if err := r.Report(stdout, l.options.Files); err != nil {
		return err
	}
	if !r.Finished() {
		return errUnfinished
	}
	return nil
}

// run sets a case up, lets its clients push, and clears it away.
func (l *lab) run(ctx context.Context, k experiment.Case) (_ *experiment.Outcome, err error) {
	f := faults[k.Fault]
	t := &trial{Case: k, options: l.options, network: newNetwork(l.options, f.seederInRack)}
	if t.dir, err = os.MkdirTemp(l.dir, "case"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(t.dir)) }()
	if err := os.Chmod(t.dir, 0o755); err != nil { //nolint:gosec // opentracker reads there as user nobody
		return nil, err
	}
	if t.logs, err = l.logsOf(t); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.network.tearDown()) }()
	if err := t.network.setUp(l.options); err != nil {
		return nil, err
	}
	if f.slowHost {
		if err := t.network.slow(t.network.hosts[0], l.options.Host/slowness); err != nil {
			return nil, err
		}
	}
	if t.payload, err = newPayload(ctx, t.dir, l.options.Bytes(), trackerURL+"/announce"); err != nil {
		return nil, err
	}
	if t.tracker, err = l.startTracker(ctx, t); err != nil {
		return nil, err
	}
	defer t.tracker.stop()
	if err := t.addMembers(); err != nil {
		return nil, err
	}
	seeder, err := t.seed(ctx)
	if err != nil {
		return nil, err
	}
	defer t.end(seeder)
	crossed, err := t.push(ctx)
	if err != nil {
		return nil, err
	}
	return t.outcome(ctx, crossed)
}

func (l *lab) startTracker(ctx context.Context, t *trial) (tracker, error) {
	if t.Tracker == flat {
		return startOpentracker(t.dir, t.logs, t.payload.hash)
	}
	return l.startOurs(ctx, t)
}

// logsOf is a directory for what the programs of a case print.
func (l *lab) logsOf(t *trial) (string, error) {
	if l.options.logs == "" {
		return t.dir, nil
	}
	if err := os.MkdirAll(l.options.logs, 0o755); err != nil { //nolint:gosec // everybody may read it
		return "", err
	}
	logs, err := filepath.Abs(l.options.logs)
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(logs, strings.NewReplacer(", ", "-", " (", "-", ")", "").Replace(t.String())+"-")
}

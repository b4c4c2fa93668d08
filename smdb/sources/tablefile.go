package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	// pollInterval is the time between two polls of a file. A file must not have changed for as
	// long before it is read.
	pollInterval = time.Second
	// maxTableFile is how many bytes a file may have: a million hosts.
	maxTableFile = 64 << 20
)

// table is the content of one version of a file. It never changes.
type table interface {
	find(ip netip.Addr) (tracker.Place, bool)
	size() int // entries
}

// tableFile is the source of a file that the operator edits. It keeps the table in memory and
// reads the file again when it has changed. A version with a mistake is refused as a whole, and
// the one before stays.
//
// A stat every second finds a change; it costs a microsecond. inotify would miss changes on
// network file systems, at the far end of a symbolic link, and of a file mounted alone into a
// container, and its few instances are shared with others on the machine. A second is nothing to
// locations that are cached for an hour.
//
// A truncated file may seem complete: "10.1.2.3,dc1/r1" where r17 is meant. So the file is read
// only after a second without a change, and its last line must end with a newline. A writer who
// writes in place and pauses between two lines is still read too early; writing another file and
// renaming it is safe.
type tableFile struct {
	path  string
	parse func(data []byte) (table, error)
	log   *slog.Logger

	current atomic.Pointer[table]

	// These belong to the goroutine that polls.
	seen    fs.FileInfo // at the last poll
	read    fs.FileInfo // of the version that was last parsed, accepted or not
	warning string      // the last one, which is not logged again each second

	closing func()
	watcher sync.WaitGroup
}

// newTableFile reads the file.
func newTableFile(path string, parse func([]byte) (table, error), log *slog.Logger) (*tableFile, error) {
	f := &tableFile{path: path, parse: parse, log: log}
	return f, f.load()
}

// openTableFile reads the file and then follows its changes until it is closed.
func openTableFile(path string, parse func([]byte) (table, error), log *slog.Logger) (*tableFile, error) {
	f, err := newTableFile(path, parse, log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.closing = cancel
	f.watcher.Go(func() { f.follow(ctx) })
	return f, nil
}

// Locate implements smdb.Source.
func (f *tableFile) Locate(_ context.Context, ip netip.Addr) (tracker.Place, error) {
	place, known := (*f.current.Load()).find(ip)
	if !known {
		return tracker.Place{}, fmt.Errorf("%w in %s", smdb.ErrNotFound, f.path)
	}
	return place, nil
}

// Close ends the polling.
func (f *tableFile) Close() error {
	f.closing()
	f.watcher.Wait()
	return nil
}

func (f *tableFile) follow(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.poll()
		case <-ctx.Done():
			return
		}
	}
}

// poll loads the file if it differs from the version that was read, and is the same as at the
// last poll. A file that was missing meanwhile is always loaded.
func (f *tableFile) poll() {
	info, err := os.Stat(f.path)
	if err != nil {
		f.seen, f.read = nil, nil
		f.warn("file of locations is not there; what it said stays", err)
		return
	}
	quiet := sameVersion(info, f.seen)
	f.seen = info
	if !quiet || sameVersion(info, f.read) {
		return
	}
	if err := f.load(); err != nil && !errors.Is(err, errChanging) {
		f.warn("new version of the file of locations is refused; what it said stays", err)
	}
}

// sameVersion compares what a stat tells about a file's content: which file it is, its size, and
// when it was last written.
func sameVersion(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// load makes the file's present version the current one. Errors name the file.
func (f *tableFile) load() error {
	info, data, err := readVersion(f.path)
	if err != nil {
		return err
	}
	f.read = info
	t, err := f.parse(withoutBOM(data))
	if err == nil && t.size() == 0 {
		err = errors.New("no location is in it")
	}
	if err == nil && data[len(data)-1] != '\n' {
		err = fmt.Errorf("line %d: no newline at its end: only half of the file may have been written", bytes.Count(data, []byte("\n"))+1)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.current.Store(&t)
	f.warning = ""
	f.log.Info("file of locations is read", "file", f.path, "entries", t.size())
	return nil
}

// warn logs once that the file cannot be used, however long it stays so.
func (f *tableFile) warn(msg string, err error) {
	if f.warning != err.Error() {
		f.warning = err.Error()
		f.log.Warn(msg, "error", err)
	}
}

var errChanging = errors.New("is being written")

// readVersion reads a file, and fails if it changes meanwhile.
func readVersion(path string) (fs.FileInfo, []byte, error) {
	// To open a FIFO would wait for a writer.
	if info, err := os.Stat(path); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: no regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if before.Size() > maxTableFile {
		return nil, nil, fmt.Errorf("%s: has more than %d bytes", path, maxTableFile)
	}
	data, err := io.ReadAll(io.LimitReader(file, before.Size()+1))
	if err != nil {
		return nil, nil, err
	}
	after, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !sameVersion(before, after) || int64(len(data)) != after.Size() {
		return nil, nil, fmt.Errorf("%s: %w", path, errChanging)
	}
	return before, data, nil
}

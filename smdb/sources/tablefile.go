package smdb

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

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	// lookEvery is how often a file is looked at, and how long it must have been
	// left alone before it is read.
	lookEvery = time.Second
	// maxTableFile is how many bytes a file may have: a million hosts.
	maxTableFile = 64 << 20
)

// table is what one version of a file says. It never changes.
type table interface {
	find(ip netip.Addr) (tracker.Place, bool)
	size() int // entries
}

// tableFile is the source of a file that the operator edits: kept in memory, and
// read again when it has changed. A version with a mistake in it is refused as a
// whole, and the one before stays.
//
// The file is looked at every second, which costs a microsecond, instead of being
// watched by inotify: that says nothing of network file systems, of a symbolic
// link's far end or of a file mounted alone into a container, and its few
// instances are shared with others on the machine. A stat sees all of these, and
// however the file was replaced. Nobody misses the second: locations are cached
// for an hour.
//
// A file cut short may look complete: "10.1.2.3,dc1/r1" where r17 is meant. So it
// is read only once a second has passed without a change to it, and its last
// line must end with a newline. A writer who writes in place and pauses between
// two lines is still read too early; to write another file and rename it is safe.
type tableFile struct {
	path  string
	parse func(data []byte) (table, error)
	log   *slog.Logger

	current atomic.Pointer[table]

	// What follows belongs to the goroutine that looks.
	seen      fs.FileInfo // at the last look
	read      fs.FileInfo // of the version that was last parsed, taken or not
	complaint string      // that was logged last, so as not to repeat it each second

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

// Locate implements Source.
func (f *tableFile) Locate(_ context.Context, ip netip.Addr) (tracker.Place, error) {
	place, known := (*f.current.Load()).find(ip)
	if !known {
		return tracker.Place{}, fmt.Errorf("%w in %s", ErrNotFound, f.path)
	}
	return place, nil
}

// Close ends the looking.
func (f *tableFile) Close() error {
	f.closing()
	f.watcher.Wait()
	return nil
}

func (f *tableFile) follow(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.look()
		case <-ctx.Done():
			return
		}
	}
}

// look loads the file if it is another one than before and was the same at the
// last look. One that went away is loaded when it is back, whatever it is.
func (f *tableFile) look() {
	info, err := os.Stat(f.path)
	if err != nil {
		f.seen, f.read = nil, nil
		f.complain("file of locations is not there; what it said stays", err)
		return
	}
	quiet := sameVersion(info, f.seen)
	f.seen = info
	if !quiet || sameVersion(info, f.read) {
		return
	}
	if err := f.load(); err != nil && !errors.Is(err, errChanging) {
		f.complain("new version of the file of locations is refused; what it said stays", err)
	}
}

// sameVersion compares all that a stat tells of a file's content: which file it
// is, its size, and when it was last written.
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
	f.complaint = ""
	f.log.Info("file of locations is read", "file", f.path, "entries", t.size())
	return nil
}

// complain logs that the file cannot be used: once, however long it stays so.
func (f *tableFile) complain(msg string, err error) {
	if f.complaint != err.Error() {
		f.complaint = err.Error()
		f.log.Warn(msg, "error", err)
	}
}

var errChanging = errors.New("is being written")

// readVersion reads a file that nobody writes meanwhile.
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

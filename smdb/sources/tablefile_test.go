package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/smdb/internal/logtest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// tableFixture is a file of subnets on a real file system, and the source that is
// made of it; the test says when it is polled.
type tableFixture struct {
	rapid.TB
	*tableFile
	path   string
	log    *logtest.Recorder
	parsed int // versions
}

// newTableFixture begins with 10.0.0.0/8 in the rack r1.
func newTableFixture(t rapid.TB, dir string) *tableFixture {
	t.Helper()
	b := &tableFixture{TB: t, path: filepath.Join(dir, "subnets"), log: &logtest.Recorder{}}
	b.write("10.0.0.0/8 r1\n")
	b.open()
	return b
}

func (b *tableFixture) open() {
	b.Helper()
	parse := func(data []byte) (table, error) {
		b.parsed++
		return parseSubnets(data)
	}
	file, err := newTableFile(b.path, parse, b.log.Logger())
	if err != nil {
		b.Fatal(err)
	}
	b.tableFile = file
	b.poll()
	b.wantLog("level=INFO msg=\"file of locations is read\" file=" + b.path + " entries=1")
	b.parsed = 0
}

// write writes the file in place.
func (b *tableFixture) write(text string) {
	b.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// replace puts another file in its place.
func (b *tableFixture) replace(text string) {
	b.Helper()
	if err := os.WriteFile(b.path+".new", []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(b.path+".new", b.path); err != nil {
		b.Fatal(err)
	}
}

// want polls the file so many times, and says in which rack the host is then.
func (b *tableFixture) want(polls int, rack tracker.Location) {
	b.Helper()
	for range polls {
		b.poll()
	}
	if place, err := b.Locate(context.Background(), hostAddr); err != nil || place.Location != rack {
		b.Errorf("%+v, %v; want %s", place, err, rack)
	}
}

// wantLog says what the lines that were logged contain.
func (b *tableFixture) wantLog(parts ...string) {
	b.Helper()
	lines := b.log.Take()
	if len(lines) != len(parts) {
		b.Fatalf("logged %q; want %q", lines, parts)
	}
	for i, part := range parts {
		if !strings.Contains(lines[i], part) {
			b.Errorf("logged %q; want %q", lines[i], part)
		}
	}
}

func TestFileReplacedByRename(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	b.want(100, "r1")
	b.replace("10.0.0.0/8 r2\n")
	b.want(1, "r1") // it may not be whole yet
	b.want(1, "r2")
	b.want(100, "r2")
	if b.parsed != 1 {
		t.Errorf("parsed %d times", b.parsed)
	}
	b.wantLog("file of locations is read")
	if _, err := b.Locate(t.Context(), netip.MustParseAddr("192.0.2.1")); kind(err) != smdb.ErrNotFound {
		t.Error(err)
	}
}

// As long as somebody writes, whatever is there so far is not read.
func TestFileIsNotReadWhileItIsWritten(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	text := "10.0.0.0/8 r2\n10.1.0.0/16 r17\n10.1.2.0/24 r18\n"
	for n := 1; n < len(text); n++ {
		b.write(text[:n])
		b.want(1, "r1")
	}
	b.write(text)
	b.want(1, "r1")
	b.want(1, "r18")
	b.wantLog("file of locations is read")
}

// A writer who pauses leaves half a file: one that ends within a line is refused.
func TestFileHalfWritten(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	for _, text := range []string{"", "10.0.0.0/8 r1", "# 10.0.0.0/8 r17\n# 10.", "10.0.0.0/8 r1\n10.1.0.0/16 r1\n10.1.2.0/2"} {
		b.write(text)
		b.want(10, "r1")
	}
	b.wantLog("no location is in it", "line 1: no newline at its end", "no location is in it", "line 3: ")
	b.write("10.0.0.0/8 r17\n")
	b.want(2, "r17")
	b.wantLog("file of locations is read")
}

// Kubernetes swaps a symbolic link to the directory that holds the new version.
func TestFileBehindASwappedLink(t *testing.T) {
	dir := t.TempDir()
	version := func(name, text string) {
		t.Helper()
		if err := errors.Join(
			os.Mkdir(filepath.Join(dir, name), 0o700),
			os.WriteFile(filepath.Join(dir, name, "subnets"), []byte(text), 0o600),
			os.Symlink(name, filepath.Join(dir, "..data.new")),
			os.Rename(filepath.Join(dir, "..data.new"), filepath.Join(dir, "..data")),
		); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "10.0.0.0/8 r1\n")
	b := &tableFixture{TB: t, path: filepath.Join(dir, "subnets"), log: &logtest.Recorder{}}
	if err := os.Symlink(filepath.Join("..data", "subnets"), b.path); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.want(2, "r1")
	version("..2", "10.0.0.0/8 r2\n")
	if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
		t.Fatal(err)
	}
	b.want(2, "r2")
	b.wantLog("file of locations is read")
}

// A broken version costs one line and is parsed once, and what is wrong is said.
func TestBrokenVersionIsRefused(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	b.replace("10.0.0.0/8 r2\n10.1.2.3/24 r3\n")
	b.want(100, "r1")
	b.wantLog(`msg="new version of the file of locations is refused; what it said stays" error="` +
		b.path + `: line 2: \"10.1.2.3/24\" is no network like 10.1.4.0/23: did you mean 10.1.2.0/24?"`)
	if b.parsed != 1 {
		t.Errorf("parsed %d times", b.parsed)
	}
	b.replace("10.0.0.0/8\n")
	b.want(100, "r1")
	b.wantLog("line 1: must be a network and a path")
	b.replace("10.0.0.0/8 r2\n")
	b.want(2, "r2")
	b.wantLog("file of locations is read")
}

func TestFileGoesAwayAndComesBack(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	for range 2 {
		if err := os.Rename(b.path, b.path+".away"); err != nil {
			t.Fatal(err)
		}
		b.want(100, "r1")
		b.wantLog("file of locations is not there; what it said stays")
		if err := os.Rename(b.path+".away", b.path); err != nil {
			t.Fatal(err)
		}
		b.want(100, "r1")
		b.wantLog("file of locations is read")
	}
}

// What is no file is not even opened: a FIFO would wait for its writer for ever.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	for name, create := range map[string]func(path string) error{
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		b := newTableFixture(t, t.TempDir())
		if err := errors.Join(os.Remove(b.path), create(b.path)); err != nil {
			t.Fatal(err)
		}
		b.want(10, "r1")
		b.wantLog("no regular file")
		if _, err := newTableFile(b.path, parseSubnets, b.log.Logger()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	if err := os.Truncate(b.path, maxTableFile+1); err != nil { // a hole: it takes no space
		t.Fatal(err)
	}
	b.want(10, "r1")
	b.wantLog("has more than 67108864 bytes")
}

// Through any history of a file the source says what the last good version said
// that was there at two polls in a row.
func TestFileFollowsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "reload")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		b := newTableFixture(t, dir)
		current, there, seen := "r1", "r1", "r1" // racks; "" is a version that must not be taken
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			rack := fmt.Sprint("r", i+2)
			switch rapid.SampledFrom([]string{"poll", "poll", "poll", "replace", "write", "break", "cut", "remove"}).Draw(t, "step") {
			case "poll":
				b.poll()
				if seen == there && there != "" {
					current = there
				}
				seen = there
			case "replace":
				b.replace("10.0.0.0/8 " + rack + "\n")
				b.touch(i)
				there, seen = rack, ""
			case "write":
				b.write("10.0.0.0/8 " + rack + "\n")
				b.touch(i)
				there, seen = rack, ""
			case "break":
				b.replace("10.0.0.0/8 " + rack + "//web1\n")
				b.touch(i)
				there = ""
			case "cut":
				b.write("10.0.0.0/8 " + rack)
				b.touch(i)
				there = ""
			case "remove":
				_ = os.Remove(b.path)
				there = ""
			}
			if place, err := b.Locate(t.Context(), hostAddr); err != nil || string(place.Location) != current {
				t.Fatalf("%+v, %v; want %s", place, err, current)
			}
		}
	})
}

// touch gives each version a time of its own: the kernel's clock has only
// milliseconds, and between two versions there are less.
func (b *tableFixture) touch(version int) {
	b.Helper()
	at := time.Unix(1e9+int64(version), 0)
	if err := os.Chtimes(b.path, at, at); err != nil {
		b.Fatal(err)
	}
}

// Announces go on while versions come and go, and never see an older one again.
func TestLookupsDuringReloads(t *testing.T) {
	b := newTableFixture(t, t.TempDir())
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for last := 0; !done.Load(); {
				place, err := b.Locate(t.Context(), hostAddr)
				var version int
				if _, scanErr := fmt.Sscanf(string(place.Location), "r%d", &version); err != nil || scanErr != nil || version < last {
					t.Errorf("%+v, %v after version %d", place, err, last)
					return
				}
				last = version
			}
		})
	}
	for version := 2; version <= 200; version++ {
		b.replace(fmt.Sprintf("10.0.0.0/8 r%d\n", version))
		b.touch(version)
		b.poll()
		b.poll()
	}
	done.Store(true)
	wg.Wait()
	b.want(0, "r200")
}

// The source polls by itself, until its chain is closed. In the bubble seconds
// take no time, and a goroutine that is left behind fails the test.
func TestFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "subnets")
	b := &tableFixture{TB: t, path: path}
	synctest.Test(t, func(t *testing.T) {
		b.write("10.0.0.0/8 r1\n")
		chain, err := Open("subnet", &Settings{SubnetSettings: SubnetSettings{SubnetsFile: path}}, smdb.Env{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		b.replace("10.0.0.0/8 r17\n")
		time.Sleep(3 * pollInterval)
		synctest.Wait()
		place, err := chain.Locate(t.Context(), hostAddr)
		if err != nil || place.Location != "r17" {
			t.Errorf("%+v, %v", place, err)
		}
		chain.Close()
	})
}

package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// stock is a store of files by names, each of which is loaded when gate lets it.
type stock struct {
	*fake
	files map[string][]byte
	loads atomic.Int64
	gate  func(ctx context.Context)
	err   error
}

func (s *stock) Torrent(_ context.Context, name string) (tracker.TorrentFile, error) {
	file, ok := s.files[name]
	if !ok {
		return tracker.TorrentFile{}, tracker.ErrNotFound
	}
	return tracker.TorrentFile{InfoHash: hashOf(name), Digest: digestOf(file), Size: int64(len(file))}, nil
}

func hashOf(name string) (h tracker.InfoHash) {
	copy(h[:], name)
	return h
}

func (s *stock) TorrentBytes(ctx context.Context, hash tracker.InfoHash) ([]byte, string, error) {
	s.loads.Add(1)
	if s.gate != nil {
		s.gate(ctx)
	}
	if s.err != nil {
		return nil, "", s.err
	}
	for name, file := range s.files {
		if hashOf(name) == hash {
			return file, digestOf(file), nil
		}
	}
	return nil, "", tracker.ErrNotFound
}

// TestFilesHistory reads, replaces and removes files by chance: who reads one has the bytes that
// its name had, those that are read are loaded once, and no more is in memory than the bound
// allows, or one file alone.
func TestFilesHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bound = 100
		s := &stock{files: map[string][]byte{}}
		c := newFiles(s, bound, time.Minute)
		names := []string{"a", "b", "c", "d"}
		var open []*file
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch rapid.SampledFrom([]string{"open", "open", "close", "put", "remove", "fail"}).Draw(t, "what") {
			case "put":
				s.files[name] = fmt.Appendf(nil, "%0*d", rapid.IntRange(1, 150).Draw(t, "size"), step)
			case "remove":
				delete(s.files, name)
			case "fail":
				s.err = errors.New("lost")
				if f, err := c.open(context.Background(), name); err == nil { // it was there
					c.close(f)
				}
				s.err = nil
			case "close":
				if len(open) > 0 {
					n := rapid.IntRange(0, len(open)-1).Draw(t, "which")
					c.close(open[n])
					open = slices.Delete(open, n, n+1)
				}
			case "open":
				want, there := s.files[name]
				isOpen := slices.ContainsFunc(open, func(f *file) bool { return f.Digest == digestOf(want) })
				before := s.loads.Load()
				f, err := c.open(context.Background(), name)
				switch {
				case !there && !errors.Is(err, tracker.ErrNotFound):
					t.Fatalf("none: %v", err)
				case there && errors.Is(err, tracker.ErrBusy) && (isOpen || len(open) == 0):
					t.Fatalf("no room though nothing is needed")
				case there && err == nil && !bytes.Equal(f.bytes, want):
					t.Fatalf("%q, want %q", f.bytes, want)
				case isOpen && s.loads.Load() != before:
					t.Fatalf("loaded again")
				}
				if err == nil {
					open = append(open, f)
				}
			}
			var sum int64
			for _, f := range c.known {
				sum += f.Size
			}
			if sum != c.used || c.used > bound && len(c.known) > 1 {
				t.Fatalf("%d files of %d bytes, counted %d", len(c.known), sum, c.used)
			}
		}
	})
}

// TestOneLoad: whoever comes while a file is loaded waits for it, also if the one who came first
// goes away, or the file is lost: then all are told.
func TestOneLoad(t *testing.T) {
	for name, lost := range map[string]error{"there": nil, "lost": errors.New("lost")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stock{files: map[string][]byte{"a": []byte("bytes")}, err: lost}
				s.gate = func(context.Context) { time.Sleep(time.Second) }
				c := newFiles(s, 100, time.Minute)
				first, leave := context.WithCancel(t.Context())
				var wrong atomic.Int64
				for n := range 100 {
					ctx := t.Context()
					if n == 0 {
						ctx = first
					}
					go func() {
						if f, err := c.open(ctx, "a"); !errors.Is(err, lost) || lost == nil && string(f.bytes) != "bytes" {
							wrong.Add(1)
						}
					}()
					synctest.Wait()
				}
				leave()
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if n := s.loads.Load(); n != 1 || wrong.Load() > 1 { // the first one may be told that it left
					t.Errorf("%d loads, %d were served wrongly", n, wrong.Load())
				}
				if lost != nil && (c.used != 0 || len(c.known) != 0) {
					t.Errorf("%d bytes of a lost file are kept", c.used)
				}
			})
		})
	}
}

// TestReplacedWhileLoaded: a file that is registered anew while the former is loaded is not served as it.
func TestReplacedWhileLoaded(t *testing.T) {
	s := &stock{files: map[string][]byte{"a": []byte("old")}}
	s.gate = func(context.Context) { s.files["a"] = []byte("new") }
	c := newFiles(s, 100, time.Minute)
	if f, err := c.open(t.Context(), "a"); err != nil || string(f.bytes) != "new" || f.Digest != digestOf([]byte("new")) {
		t.Errorf("%v, %v", f, err)
	}
}

// TestTorrentHeaders holds a download against what HTTP says of conditions, parts and HEAD.
func TestTorrentHeaders(t *testing.T) {
	f := full(t)
	h := handle(f, Options{}, nil)
	file := f.torrents["build-42"].File
	etag := `"` + digestOf(file) + `"`
	for _, test := range []struct {
		method string
		header []string
		status int
		body   string
	}{
		{"GET", nil, 200, string(file)},
		{"HEAD", nil, 200, ""},
		{"GET", []string{"If-None-Match", etag}, 304, ""},
		{"GET", []string{"If-None-Match", `"x", W/` + etag}, 304, ""},
		{"GET", []string{"If-None-Match", `"x"`}, 200, string(file)},
		{"GET", []string{"Range", "bytes=2-5"}, 206, string(file[2:6])},
		{"GET", []string{"Range", "bytes=2-5", "If-Range", `"x"`}, 200, string(file)},
	} {
		w := serve(h, request(test.method, "/torrents/build-42.torrent", nil, test.header...))
		if w.Code != test.status || w.Body.String() != test.body && test.method != "HEAD" {
			t.Errorf("%s %v: status %d, %q", test.method, test.header, w.Code, w.Body)
		}
		checkHeader(t, w, "ETag", etag)
		checkHeader(t, w, "Cache-Control", "no-cache")
		if test.status == 200 {
			checkHeader(t, w, "Content-Length", fmt.Sprint(len(file)))
		}
	}
}

// TestStalledReader: a reader that takes nothing loses its connection, one that takes little but
// steadily gets all, however long that lasts.
func TestStalledReader(t *testing.T) {
	for name, test := range map[string]struct {
		timeout time.Duration // of the server, to take a whole reply
		pause   time.Duration // between two reads of 64 KiB
		whole   bool
	}{"slow": {time.Minute, 4 * time.Second, true}, "stalled": {time.Hour, 11 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				torrent := aTorrent(t, "a", 1)
				torrent.File = append(torrent.File, make([]byte, 4<<20)...)
				f.torrents["a"] = torrent
				client := dialPipe(t, handle(f, Options{TorrentMaxBytes: 8 << 20}, nil), test.timeout)
				fmt.Fprint(client, "GET /torrents/a.torrent HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				var got int
				for part := make([]byte, 64<<10); ; {
					n, err := io.ReadFull(client, part)
					if got += n; err != nil {
						break
					}
					time.Sleep(test.pause)
				}
				if whole := got > len(torrent.File); whole != test.whole {
					t.Errorf("got %d of %d bytes", got, len(torrent.File))
				}
			})
		})
	}
}

// TestSlots: who comes when all slots are taken waits a while, and is then told to come back.
// Whoever watches is answered, an operator acts, and hosts fetch torrents meanwhile.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full(t)
		h := New(slow{f}, f, Options{Timeout: time.Minute, TorrentMaxBytes: 1 << 20}, quiet())
		for range readSlots {
			go serve(h, request(http.MethodGet, "/transfers", nil))
		}
		synctest.Wait()
		for _, path := range []string{"/transfers", "/torrents", "/transfers/hosts/" + hash(0xab).String() + ".json"} {
			begin := time.Now()
			w := serve(h, request(http.MethodGet, path, nil))
			if w.Code != http.StatusServiceUnavailable || errorOf(t, w.Body.Bytes()) != "busy" || time.Since(begin) != maxWait {
				t.Errorf("%s: status %d after %v: %s", path, w.Code, time.Since(begin), w.Body)
			}
			checkHeader(t, w, "Retry-After", "5")
		}
		begin := time.Now()
		for path, method := range map[string]string{
			"/healthz": "GET", "/readyz": "GET", "/": "GET", "/torrents/build-42.torrent": "GET",
			"/transfers/" + hash(0xab).String() + ".json": "DELETE",
		} {
			if w := serve(h, request(method, path, nil)); w.Code != http.StatusOK || time.Since(begin) != 0 {
				t.Errorf("%s %s: status %d after %v", method, path, w.Code, time.Since(begin))
			}
		}
		time.Sleep(time.Hour) // the slots are free again
		if w := serve(h, request(http.MethodGet, "/torrents", nil)); w.Code != http.StatusOK {
			t.Errorf("afterwards: status %d", w.Code)
		}
	})
}

// TestSlowDownloads: clients that take nothing do not keep the others from being served.
func TestSlowDownloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		torrent := aTorrent(t, "a", 1)
		torrent.File = append(torrent.File, make([]byte, 4<<20)...)
		f.torrents["a"] = torrent
		h := handle(f, Options{TorrentMaxBytes: 8 << 20}, nil)
		for range 10 * writeSlots {
			fmt.Fprint(dialPipe(t, h, time.Hour), "GET /torrents/a.torrent HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		begin := time.Now()
		w := serve(h, request(http.MethodGet, "/torrents/a.torrent", nil))
		if w.Body.Len() != len(torrent.File) || time.Since(begin) > time.Second {
			t.Errorf("%d bytes after %v", w.Body.Len(), time.Since(begin))
		}
	})
}

// written counts the calls of Write.
type written struct {
	http.ResponseWriter
	parts []*byte
}

func (w *written) Write(b []byte) (int, error) {
	w.parts = append(w.parts, &b[0])
	return len(b), nil
}

// TestDownloadIsNotCopied: what is written is the file as it lies in memory.
func TestDownloadIsNotCopied(t *testing.T) {
	file := make([]byte, 3*paceBytes)
	for header, first := range map[string]int{"": 0, "bytes=100-": 100} {
		w := &written{ResponseWriter: httptest.NewRecorder()}
		r := request(http.MethodGet, "/", nil, "Range", header)
		http.ServeContent(&paced{ResponseWriter: w, writing: make(semaphore, 1)}, r, "", time.Time{}, bytes.NewReader(file))
		if len(w.parts) == 0 || w.parts[0] != &file[first] {
			t.Errorf("%q: %d parts", header, len(w.parts))
		}
	}
}

package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/bencode"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/metainfo"
)

// fake keeps torrents and transfers in memory. Err, if set, is what every call
// answers; failing has the transfers that cannot be deactivated.
type fake struct {
	torrents map[string]tracker.Torrent
	active   map[tracker.InfoHash]string
	stats    map[tracker.InfoHash]tracker.Statistics
	racks    map[tracker.InfoHash]map[tracker.Location]tracker.RackStatistics
	counts   map[tracker.InfoHash]tracker.ScrapeEntry
	members  map[tracker.Set][]string
	hosts    []tracker.Host
	failing  map[tracker.InfoHash]error
	err      error
	asked    []string // the calls of Members
	stopped  []tracker.InfoHash
	checks   int // the calls of Ready
	warnings []string

	generation int64
}

func newFake() *fake {
	return &fake{
		torrents: map[string]tracker.Torrent{},
		active:   map[tracker.InfoHash]string{},
		stats:    map[tracker.InfoHash]tracker.Statistics{},
		racks:    map[tracker.InfoHash]map[tracker.Location]tracker.RackStatistics{},
		counts:   map[tracker.InfoHash]tracker.ScrapeEntry{},
		members:  map[tracker.Set][]string{},
		failing:  map[tracker.InfoHash]error{},
	}
}

func (f *fake) AddTorrent(_ context.Context, t tracker.Torrent) (bool, error) {
	if f.err != nil {
		return false, f.err
	}
	if old, ok := f.torrents[t.Name]; ok && old.InfoHash != t.InfoHash {
		return false, tracker.ErrNameTaken
	} else if ok {
		return false, nil
	}
	if name, ok := f.active[t.InfoHash]; ok && name != t.Name {
		return false, tracker.ErrHashTaken
	}
	t.File = bytes.Clone(t.File)
	f.torrents[t.Name], f.active[t.InfoHash] = t, t.Name
	return true, nil
}

func (f *fake) Torrent(_ context.Context, name string) (tracker.TorrentFile, error) {
	t, ok := f.torrents[name]
	if !ok {
		return tracker.TorrentFile{}, tracker.ErrNotFound
	}
	return tracker.TorrentFile{InfoHash: t.InfoHash, Digest: digestOf(t.File), Size: int64(len(t.File))}, f.err
}

func digestOf(file []byte) string { return fmt.Sprintf("%x", sha256.Sum256(file)) }

func (f *fake) TorrentBytes(_ context.Context, hash tracker.InfoHash) ([]byte, string, error) {
	for _, t := range f.torrents {
		if t.InfoHash == hash {
			return t.File, digestOf(t.File), f.err
		}
	}
	return nil, "", tracker.ErrNotFound
}

// Torrents takes the index of the next name as cursor; so does Transfers, of the next hash.
func (f *fake) Torrents(_ context.Context, cursor string, limit int) (tracker.TorrentPage, error) {
	page := tracker.TorrentPage{Torrents: map[string]tracker.InfoHash{}}
	names, next := pageOf(slices.Sorted(maps.Keys(f.torrents)), cursor, limit)
	for _, name := range names {
		page.Torrents[name] = f.torrents[name].InfoHash
	}
	page.Next = next
	return page, f.err
}

func pageOf[E any](all []E, cursor string, limit int) (part []E, next string) {
	start, _ := strconv.Atoi(cursor)
	if end := start + limit; end < len(all) {
		return all[start:end], strconv.Itoa(end)
	}
	return all[start:], ""
}

func (f *fake) RemoveTorrent(_ context.Context, name string) error {
	if _, ok := f.torrents[name]; !ok {
		return tracker.ErrNotFound
	}
	delete(f.torrents, name)
	return f.err
}

func (f *fake) Transfers(_ context.Context, cursor string, limit int) (tracker.TransferPage, error) {
	page := tracker.TransferPage{Transfers: map[tracker.InfoHash]string{}}
	hashes := slices.SortedFunc(maps.Keys(f.active), func(a, b tracker.InfoHash) int { return bytes.Compare(a[:], b[:]) })
	hashes, page.Next = pageOf(hashes, cursor, limit)
	for _, hash := range hashes {
		page.Transfers[hash] = f.active[hash]
	}
	return page, f.err
}

func (f *fake) Statistics(_ context.Context, hash tracker.InfoHash) (tracker.Statistics, error) {
	stats, ok := f.stats[hash]
	if !ok {
		return stats, tracker.ErrNotFound
	}
	return stats, f.err
}

func (f *fake) Racks(
	_ context.Context, hash tracker.InfoHash, rack tracker.Location, cursor string, limit int,
) (tracker.RackPage, error) {
	page := tracker.RackPage{Racks: map[tracker.Location]tracker.RackStatistics{}}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(f.racks[hash])), func(name tracker.Location) bool { return !name.Within(rack) })
	names, page.Next = pageOf(names, cursor, limit)
	for _, name := range names {
		page.Racks[name] = f.racks[hash][name]
	}
	return page, f.err
}

// Members takes the index of the next entry as cursor. Nobody but racks is within a rack.
func (f *fake) Members(
	_ context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, cursor string, limit int,
) (tracker.Page, error) {
	f.asked = append(f.asked, strings.TrimLeft(string(rack)+" "+cursor+" "+strconv.Itoa(limit), " "))
	if _, ok := f.stats[hash]; !ok {
		return tracker.Page{}, tracker.ErrNotFound
	}
	start, err := strconv.Atoi("0" + cursor)
	if err != nil {
		return tracker.Page{}, tracker.ClientError("no page has this cursor")
	}
	entries := slices.DeleteFunc(slices.Clone(f.members[set][start:]), func(entry string) bool {
		return !tracker.Location(entry).Within(rack)
	})
	if len(entries) <= limit {
		return tracker.Page{Entries: entries}, f.err
	}
	return tracker.Page{Entries: entries[:limit], Next: strconv.Itoa(start + limit)}, f.err
}

// Hosts are of one page.
func (f *fake) Hosts(context.Context, tracker.InfoHash, tracker.Location, string, int) (tracker.HostPage, error) {
	return tracker.HostPage{Hosts: f.hosts}, f.err
}

func (f *fake) Drop(_ context.Context, _ tracker.InfoHash, at netip.AddrPort) ([]string, error) {
	var dropped []string
	f.hosts = slices.DeleteFunc(f.hosts, func(h tracker.Host) bool {
		if h.Addr != at.String() && (at.Port() != 0 || !strings.HasPrefix(h.Addr, at.Addr().String()+":")) {
			return false
		}
		dropped = append(dropped, h.Addr)
		return true
	})
	return dropped, f.err
}

func (f *fake) Deactivate(_ context.Context, hash tracker.InfoHash, stop bool) error {
	if err := f.failing[hash]; err != nil {
		return err
	}
	if _, ok := f.active[hash]; !ok {
		return tracker.ErrNotFound
	}
	delete(f.active, hash)
	if stop {
		f.stopped = append(f.stopped, hash)
	}
	return f.err
}

func (f *fake) Scrape(_ context.Context, hashes []tracker.InfoHash) (entries []tracker.ScrapeEntry, _ error) {
	for _, hash := range hashes {
		if entry, ok := f.counts[hash]; ok {
			entries = append(entries, entry)
		}
	}
	return entries, f.err
}

func (f *fake) Ready(context.Context) error { f.checks++; return f.err }

func (f *fake) Warnings() []string { return f.warnings }

func (f *fake) Refresh(context.Context) (int64, error) {
	if f.err == nil {
		f.generation++
	}
	return f.generation, f.err
}

// handle returns the interface over a fake; it logs to out, if that is not nil,
// from level info on.
func handle(f *fake, opts Options, out io.Writer) http.Handler {
	if opts.TorrentMaxBytes == 0 {
		opts.TorrentMaxBytes = 1 << 20
	}
	if opts.Timeout == 0 {
		opts.Timeout = time.Minute
	}
	log := quiet()
	if out != nil {
		log = slog.New(slog.NewTextHandler(out, nil))
	}
	return New(f, f, opts, log)
}

// debugged is the interface over a fake that logs all to out.
func debugged(f *fake, opts Options, out io.Writer) http.Handler {
	opts.Timeout = time.Minute
	return New(f, f, opts, slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// request is one that comes from loopback, by hand.
func request(method, target string, body io.Reader, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = "127.0.0.1:51413"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// aTorrent is a torrent of a payload of length bytes.
func aTorrent(t *testing.T, name string, length int) tracker.Torrent {
	t.Helper()
	file, err := bencode.EncodeBytes(map[string]any{"info": map[string]any{
		"name": "payload", "piece length": 16384, "length": length,
		"pieces": strings.Repeat("x", 20*((length-1)/16384+1)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	torrent, err := metainfo.Parse(file, name)
	if err != nil {
		t.Fatal(err)
	}
	return torrent.Torrent
}

// hash is twenty times the same byte: 0xab is "ABAB…".
func hash(b byte) (h tracker.InfoHash) {
	for i := range h {
		h[i] = b
	}
	return h
}

// Package rest is the interface for pipelines and people: torrents, transfers,
// their statistics and counts, and health, as JSON. The paths are the older tracker's; each
// also answers with a slash at its end, without a redirect.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Torrents keeps the uploaded torrents. Like the other stores here it may be
// asked by any number of goroutines, and of frontends, at once; every call
// returns by the context's deadline, and a store that cannot be reached is an
// error that wraps tracker.ErrUnavailable.
type Torrents interface {
	// AddTorrent keeps a torrent and activates its transfer. The same torrent
	// under the same name again is no error, and created is false. A name that
	// another torrent has is tracker.ErrNameTaken; a torrent that has another
	// name is tracker.ErrHashTaken; either is best a tracker.TakenError. An error means that
	// nothing can be relied on but that the same call again sets it right.
	AddTorrent(ctx context.Context, t tracker.Torrent) (created bool, err error)

	// Torrent says which file has a name at this moment, or tracker.ErrNotFound. It is cheap.
	Torrent(ctx context.Context, name string) (tracker.TorrentFile, error)

	// TorrentBytes returns the very bytes that were uploaded, and their digest: they may be
	// others by now. Without any it is tracker.ErrNotFound.
	TorrentBytes(ctx context.Context, hash tracker.InfoHash) (file []byte, digest string, err error)

	// Torrents returns a page of the torrents; see Members.
	Torrents(ctx context.Context, cursor string, limit int) (tracker.TorrentPage, error)

	// RemoveTorrent forgets the file, not the transfer. If there is none by
	// this name it is tracker.ErrNotFound.
	RemoveTorrent(ctx context.Context, name string) error
}

// Transfers tells how transfers are, and ends them. A transfer never seen is
// tracker.ErrNotFound.
type Transfers interface {
	// Transfers returns a page of the active ones; see Members.
	Transfers(ctx context.Context, cursor string, limit int) (tracker.TransferPage, error)

	// Statistics returns a transfer's.
	Statistics(ctx context.Context, hash tracker.InfoHash) (tracker.Statistics, error)

	// Racks returns a page of a transfer's racks with the share of each; rack, cursor and limit
	// are as below.
	Racks(ctx context.Context, hash tracker.InfoHash, rack tracker.Location, cursor string, limit int) (tracker.RackPage, error)

	// Members returns a page of one of a transfer's lists, about limit entries
	// from cursor on; an empty cursor begins. A cursor that no page named is a
	// tracker.ClientError. Unless rack is empty they are those within it.
	Members(ctx context.Context, hash tracker.InfoHash, set tracker.Set, rack tracker.Location, cursor string, limit int) (tracker.Page, error)

	// Hosts returns a page of the hosts seen, with the state of each; rack, cursor and limit are as above.
	Hosts(ctx context.Context, hash tracker.InfoHash, rack tracker.Location, cursor string, limit int) (tracker.HostPage, error)

	// Drop forgets the host at an address, or without a port all hosts last seen on that machine, and
	// returns their addresses, which may be none.
	Drop(ctx context.Context, hash tracker.InfoHash, at netip.AddrPort) (dropped []string, err error)

	// Deactivate ends a transfer and archives it. After a deadline or a crash the next call
	// goes on with the rest. With stop its clients are told to stop announcing, after its end, too.
	Deactivate(ctx context.Context, hash tracker.InfoHash, stop bool) error
}

// Scrapes has the counts that clients get.
type Scrapes interface {
	// Scrape returns an entry for each of the hashes whose transfer is active;
	// the others are left out.
	Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error)
}

// Health says whether requests can be served.
type Health interface {
	// Ready returns nil if the store answers and can be used. A tracker.StoreError in its error says
	// what an operator is to do.
	Ready(ctx context.Context) error

	// Warnings are what an operator should know though the store is ready; anybody may read them.
	Warnings() []string
}

// Store is all that the interface asks.
type Store interface {
	Torrents
	Transfers
	Scrapes
	Health
}

// Locations knows where hosts stand. It may be asked by any number of goroutines at
// once.
type Locations interface {
	// Refresh makes every frontend forget what it remembers of hosts: this one at
	// once, the others within about a second. It returns by the context's deadline,
	// and says how often that was done. A store that cannot be reached is an error
	// that wraps tracker.ErrUnavailable; the same call again sets it right.
	Refresh(ctx context.Context) (generation int64, err error)
}

// Options are the settings of the interface.
type Options struct {
	AdminToken      string        // ADMIN_TOKEN; empty: state changes from loopback only
	ProxyPass       bool          // PROXYPASS: X-Forwarded-Proto is a trusted proxy's
	TorrentMaxBytes int64         // TORRENT_MAX_BYTES: the largest .torrent taken
	RequirePrivate  bool          // REQUIRE_PRIVATE: a torrent that is not private is refused
	Timeout         time.Duration // every answer begins within it; positive
}

// New returns the handler of all paths of this package; any other path is a
// 404. RemoteAddr of its requests is the client's address, even behind proxies.
func New(store Store, locations Locations, opts Options, log *slog.Logger) http.Handler {
	s := &server{store: store, locations: locations, opts: opts, log: log}
	s.files = newFiles(store, max(minFiles, 2*opts.TorrentMaxBytes), opts.Timeout)
	s.reads, s.changes = newBufferedLimiter(readSlots), newBufferedLimiter(changeSlots)
	s.downloads, s.writing = newLimiter(ownDownloads, downloadSlots, maxDownloadWait), make(semaphore, writeSlots)
	s.routes = s.allRoutes()
	return s
}

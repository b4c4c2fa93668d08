package rest

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// files keeps torrents' files in memory, each once, however many clients read it. Its bound counts
// the bytes of all files, those that are being loaded or read included.
type files struct {
	store   Torrents
	bound   int64
	timeout time.Duration // of loading one

	mu    sync.Mutex
	known map[string]*file // by digest
	idle  list.List        // of *file that nobody reads, the one that was read last at the end
	used  int64            // bytes of all known
}

// file is one of them. Bytes and err are there once loaded is closed.
type file struct {
	tracker.TorrentFile
	loaded  chan struct{}
	bytes   []byte
	err     error
	readers int           // under files.mu
	idle    *list.Element // likewise; nil while somebody reads it
}

// errReplaced: the file was registered anew while it was loaded.
var errReplaced = errors.New("another file was registered meanwhile")

func newFiles(store Torrents, bound int64, timeout time.Duration) *files {
	return &files{store: store, bound: bound, timeout: timeout, known: map[string]*file{}}
}

// open returns the file that has a name now. The caller closes it.
func (c *files) open(ctx context.Context, name string) (*file, error) {
	for {
		id, err := c.store.Torrent(ctx, name)
		if err != nil {
			return nil, err
		}
		f, err := c.read(ctx, id)
		if err == nil || !errors.Is(err, errReplaced) {
			return f, err
		}
	}
}

// read returns a file from memory, or loads it. Callers that come meanwhile wait for the same load.
func (c *files) read(ctx context.Context, id tracker.TorrentFile) (*file, error) {
	f, first := c.enter(id)
	if f == nil {
		return nil, fmt.Errorf("%w: no memory for a file of %d bytes", tracker.ErrBusy, id.Size)
	}
	if first {
		c.load(ctx, f)
	}
	select {
	case <-f.loaded:
	case <-ctx.Done():
		c.close(f)
		return nil, ctx.Err()
	}
	if f.err != nil {
		c.close(f)
		return nil, f.err
	}
	return f, nil
}

// load also ends if the client goes away: others may wait for it.
func (c *files) load(ctx context.Context, f *file) {
	defer close(f.loaded)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	defer cancel()
	var digest string
	f.bytes, digest, f.err = c.store.TorrentBytes(ctx, f.InfoHash)
	if f.err == nil && digest != f.Digest {
		f.err = errReplaced
	}
}

// enter adds a reader to a file. The first one is to load it. No file means no room.
func (c *files) enter(id tracker.TorrentFile) (f *file, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f = c.known[id.Digest]
	if f == nil {
		if !c.makeRoom(id.Size) {
			return nil, false
		}
		f, first = &file{TorrentFile: id, loaded: make(chan struct{})}, true
		c.known[id.Digest] = f
		c.used += id.Size
	}
	if f.idle != nil {
		c.idle.Remove(f.idle)
		f.idle = nil
	}
	f.readers++
	return f, first
}

// close removes a reader. The file stays, unless it could not be loaded.
func (c *files) close(f *file) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.readers--; f.readers > 0 {
		return
	}
	f.idle = c.idle.PushBack(f)
	if f.bytes == nil || f.err != nil {
		c.forget(f)
	}
}

// makeRoom forgets files that nobody reads, the longest unread first. A file that is larger than
// all that may be kept is kept alone.
func (c *files) makeRoom(size int64) bool {
	for c.used+size > c.bound && c.idle.Len() > 0 {
		c.forget(c.idle.Front().Value.(*file))
	}
	return c.used+size <= c.bound || c.used == 0
}

// forget drops a file that is idle.
func (c *files) forget(f *file) {
	c.idle.Remove(f.idle)
	delete(c.known, f.Digest)
	c.used -= f.Size
}

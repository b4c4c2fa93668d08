package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// How many requests are served at a time, of all clients and of one address, and how long one beyond
// waits for a slot.
const (
	readSlots   = 4 // lists and statistics: each costs Redis some milliseconds, and up to some MB here
	changeSlots = 4 // each may hold an upload of TORRENT_MAX_BYTES
	replySlots  = 64
	ownReplies  = 4
	maxWait     = 3 * time.Second

	downloadSlots   = 1000
	ownDownloads    = 128              // there may be many hosts behind one address; a download is short
	maxDownloadWait = 10 * time.Second // curl, wget and aria2 wait by themselves, but give up on a 503 unless told otherwise
)

// semaphore has so many slots. Those beyond wait, first come, first served.
type semaphore chan struct{}

func (s semaphore) acquire(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: no slot in time: %w", tracker.ErrBusy, ctx.Err())
	}
}

func (s semaphore) release() { <-s }

// limiter bounds how many requests of a kind are served at a time. Those beyond wait, and are told
// to come back if they get no slot in time. Each client address has slots of its own, for which its
// requests wait first: so none of them stands before all others.
type limiter struct {
	own     int       // slots of a client address
	all     semaphore // until the client took the answer
	making  semaphore // until the answer is in memory; nil: it is written as it is made
	maxWait time.Duration

	mu      sync.Mutex
	clients map[netip.Addr]*client // those that have requests
}

// client is a client address.
type client struct {
	slots    semaphore
	requests int // those that wait included
}

func newLimiter(own, all int, maxWait time.Duration) *limiter {
	return &limiter{own: own, all: make(semaphore, all), maxWait: maxWait, clients: map[netip.Addr]*client{}}
}

// newBufferedLimiter is for answers that are made in memory, so many at a time.
func newBufferedLimiter(making int) *limiter {
	l := newLimiter(ownReplies, replySlots, maxWait)
	l.making = make(semaphore, making)
	return l
}

// limit returns a handler that is bounded.
func (l *limiter) limit(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, arg string) error {
		peer, _ := netip.ParseAddrPort(r.RemoteAddr) // those without an address are one client
		addr := tracker.PlainAddr(peer.Addr())
		own := l.enter(addr)
		defer l.leave(addr)
		ctx, cancel := context.WithTimeout(r.Context(), l.maxWait)
		defer cancel()
		for _, slots := range []semaphore{own, l.all} {
			if err := slots.acquire(ctx); err != nil {
				return err
			}
			defer slots.release()
		}
		if l.making == nil {
			return h(w, r, arg)
		}
		answer := &buffered{w, http.StatusOK, nil}
		if err := l.inMemory(ctx, func() error { return h(answer, r, arg) }); err != nil {
			return err
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body) // a client that does not read it is gone
		return nil
	}
}

// inMemory makes an answer while it has a slot for that.
func (l *limiter) inMemory(ctx context.Context, answer func() error) error {
	if err := l.making.acquire(ctx); err != nil {
		return err
	}
	defer l.making.release()
	return answer()
}

// enter returns the slots of a client address, which are kept until leave.
func (l *limiter) enter(addr netip.Addr) semaphore {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clients[addr]
	if c == nil {
		c = &client{slots: make(semaphore, l.own)}
		l.clients[addr] = c
	}
	c.requests++
	return c.slots
}

func (l *limiter) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clients[addr]
	if c.requests--; c.requests == 0 {
		delete(l.clients, addr)
	}
}

// buffered is an answer that is not written yet. Its header is the writer's.
type buffered struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (b *buffered) WriteHeader(status int) { b.status = status }

func (b *buffered) Write(text []byte) (int, error) {
	b.body = append(b.body, text...)
	return len(text), nil
}

// Unwrap is for http.ResponseController.
func (b *buffered) Unwrap() http.ResponseWriter { return b.ResponseWriter }

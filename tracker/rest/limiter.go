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

// What may be under way at a time, of all and of one client address, and how long a request beyond
// waits for its turn.
const (
	readPlaces   = 4 // lists and statistics: each costs Redis some milliseconds, and up to some MB here
	changePlaces = 4 // each may hold an upload of TORRENT_MAX_BYTES
	replies      = 64
	ownReplies   = 4
	patience     = 3 * time.Second

	downloads        = 1000
	ownDownloads     = 128              // there may be many hosts behind one address; a download is short
	downloadPatience = 10 * time.Second // curl, wget and aria2 wait by themselves, but give up on a 503 unless told otherwise
)

// line has so many places. Those beyond wait, first come, first served.
type line chan struct{}

func (l line) enter(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: no place in time: %w", tracker.ErrBusy, ctx.Err())
	}
}

func (l line) leave() { <-l }

// during calls f with a place.
func (l line) during(ctx context.Context, f func() error) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	return f()
}

// places bound how many requests of a kind are under way. Those beyond are told to come back if
// their turn does not come. Each client address waits in a line of its own first, so that none
// stands before all others.
type places struct {
	own      *sources
	all      line // until the client took the answer
	making   line // until the answer is in memory; nil: it is written as it is made
	patience time.Duration
}

func newPlaces(own, all int, patience time.Duration) *places {
	return &places{own: &sources{places: own, lines: map[netip.Addr]*source{}}, all: make(line, all), patience: patience}
}

// newKeptPlaces are for answers that are made in memory, making of them at a time.
func newKeptPlaces(making int) *places {
	p := newPlaces(ownReplies, replies, patience)
	p.making = make(line, making)
	return p
}

// inTurn returns a handler that has its places while it answers.
func (p *places) inTurn(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, arg string) error {
		client, _ := netip.ParseAddrPort(r.RemoteAddr) // those without an address share a line
		addr := tracker.PlainAddr(client.Addr())
		own := p.own.join(addr)
		defer p.own.part(addr)
		ctx, cancel := context.WithTimeout(r.Context(), p.patience)
		defer cancel()
		for _, line := range []line{own, p.all} {
			if err := line.enter(ctx); err != nil {
				return err
			}
			defer line.leave()
		}
		if p.making == nil {
			return h(w, r, arg)
		}
		answer := &kept{w, http.StatusOK, nil}
		if err := p.making.during(ctx, func() error { return h(answer, r, arg) }); err != nil {
			return err
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body) // a client that does not read it is gone
		return nil
	}
}

// kept is an answer that is not written yet; its header is that of the writer.
type kept struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (k *kept) WriteHeader(status int) { k.status = status }

func (k *kept) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

// Unwrap is for http.ResponseController.
func (k *kept) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// sources are client addresses, each with a line of so many places. One that nobody uses is
// forgotten.
type sources struct {
	places int

	mu    sync.Mutex
	lines map[netip.Addr]*source
}

type source struct {
	line
	users int // those who wait included
}

// join returns an address's line, which is kept until part.
func (s *sources) join(addr netip.Addr) line {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.lines[addr]
	if known == nil {
		known = &source{line: make(line, s.places)}
		s.lines[addr] = known
	}
	known.users++
	return known.line
}

func (s *sources) part(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.lines[addr]
	if known.users--; known.users == 0 {
		delete(s.lines, addr)
	}
}

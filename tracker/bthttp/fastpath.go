package bthttp

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// scratch is the memory that answering takes.
type scratch struct {
	head head
	body []byte // of the reply that is being written
	out  []byte // replies, whole

	waiter tracker.Waiter // for the replies
}

// maxPooled is the largest scratch that is kept: a rare scrape of everything must not hold its
// memory for ever.
const maxPooled = 64 << 10

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (m *scratch) free() {
	m.waiter = nil
	if cap(m.body)+cap(m.out) <= maxPooled {
		scratches.Put(m)
	}
}

// next is what becomes of a connection.
type next int

const (
	keepOpen  next = iota // wait for more
	closeConn             // it was the last request
	delegate              // net/http is to see what is left
)

// fastPath answers plain requests without net/http.
type fastPath struct {
	*Server
	closing func() bool // whether to close connections after the next reply
	dates   dates
}

// answer answers the plain requests that the bytes of a connection begin with: m.out has the
// replies, in order. It returns what it did not answer, which is net/http's.
func (f *fastPath) answer(ctx context.Context, m *scratch, in []byte, peer netip.AddrPort) (rest []byte, _ next) {
	m.out = m.out[:0]
	for len(in) > 0 {
		size, plain := m.head.read(in)
		if !plain {
			return in, delegate
		}
		in = in[size:]
		h := &m.head
		asked := f.requestOf(h.path, h.query, peer, h.forwarded[:h.forwards])
		asked.waiter = m.waiter
		if kept := f.reply(ctx, m, asked); !kept {
			return nil, closeConn
		}
	}
	return nil, keepOpen
}

// reply appends the whole reply to a request with m.head, as net/http would write it, and says
// whether the connection is kept.
func (f *fastPath) reply(ctx context.Context, m *scratch, asked request) (kept bool) {
	h := &m.head
	m.body = f.appendAnswer(ctx, m.body[:0], asked)
	kept = h.keep && !f.closing()
	version := "HTTP/1.1"
	if h.http10 {
		version = "HTTP/1.0"
	}
	out := m.out
	out = append(out, version...)
	out = append(out, " 200 OK\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(m.body)), 10)
	out = append(out, "\r\nContent-Type: "+contentType+"\r\nDate: "...)
	out = append(out, f.dates.now()...)
	switch {
	case kept && h.http10:
		out = append(out, "\r\nConnection: keep-alive"...)
	case !kept && !h.http10:
		out = append(out, "\r\nConnection: close"...)
	}
	out = append(out, "\r\n\r\n"...)
	out = append(out, m.body...)
	m.out = out
	return kept
}

const contentType = "text/plain"

// dates keeps the Date of the present second: writing one takes longer than all else in a
// reply's head.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

func (d *dates) now() string {
	now := time.Now()
	last := d.last.Load()
	if last == nil || last.second != now.Unix() {
		last = &date{now.Unix(), now.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return last.text
}

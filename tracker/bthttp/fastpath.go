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
	goOn   next = iota // wait for more
	end                // close it
	handOn             // net/http is to see what is left
)

// way is all that the plain way needs of its surroundings.
type way struct {
	*Server
	closing func() bool // connections are not to be kept any more
	dates   dates
}

// answer answers the plain requests that the bytes of a connection begin with: their replies
// are in m.out, in their order. It returns what it did not answer, which is net/http's.
func (w *way) answer(ctx context.Context, m *scratch, in []byte, peer netip.AddrPort) (rest []byte, _ next) {
	m.out = m.out[:0]
	for len(in) > 0 {
		size, plain := m.head.read(in)
		if !plain {
			return in, handOn
		}
		in = in[size:]
		h := &m.head
		asked := w.requestOf(h.path, h.query, peer, h.forwarded[:h.forwards])
		asked.waiter = m.waiter
		if kept := w.reply(ctx, m, asked); !kept {
			return nil, end
		}
	}
	return nil, goOn
}

// reply appends the whole reply to a request, as net/http would write it to one with m.head, and
// says whether the connection is kept.
func (w *way) reply(ctx context.Context, m *scratch, asked request) (kept bool) {
	h := &m.head
	m.body = w.appendAnswer(ctx, m.body[:0], asked)
	kept = h.keep && !w.closing()
	version := "HTTP/1.1"
	if h.http10 {
		version = "HTTP/1.0"
	}
	out := m.out
	out = append(out, version...)
	out = append(out, " 200 OK\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(m.body)), 10)
	out = append(out, "\r\nContent-Type: "+contentType+"\r\nDate: "...)
	out = append(out, w.dates.now()...)
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

// dates are the present second as a Date says it, which takes longer to write than all else
// in a reply's head.
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

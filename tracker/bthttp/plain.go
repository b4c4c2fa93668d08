package bthttp

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

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
	clientOf func(peer netip.AddrPort, forwarded []string) netip.AddrPort
	closing  func() bool // connections are not to be kept any more
	dates    dates
}

// appendReplies answers the plain requests that the bytes of a connection begin with, in
// their order: their replies are appended to dst. It leaves what it did not answer.
func (w *way) appendReplies(ctx context.Context, dst, in []byte, peer netip.AddrPort) (replies, rest []byte, _ next) {
	for len(in) > 0 {
		h, size, plain := readHead(in)
		if !plain {
			return dst, in, handOn
		}
		in = in[size:]
		client := w.clientOf(peer, h.forwarded[:h.forwards])
		var kept bool
		if dst, kept = w.appendReply(ctx, dst, request{h.path, h.query, client}, h.http10, h.keep); !kept {
			return dst, nil, end
		}
	}
	return dst, nil, goOn
}

// appendReply appends a whole reply, as net/http would write it, and says whether the
// connection is kept.
func (w *way) appendReply(ctx context.Context, dst []byte, r request, http10, keep bool) (reply []byte, kept bool) {
	body := replies.Get().(*[]byte)
	defer putReply(body)
	*body = w.appendAnswer(ctx, (*body)[:0], r)
	keep = keep && !w.closing()
	if http10 {
		dst = append(dst, "HTTP/1.0 200 OK\r\nContent-Length: "...)
	} else {
		dst = append(dst, "HTTP/1.1 200 OK\r\nContent-Length: "...)
	}
	dst = strconv.AppendInt(dst, int64(len(*body)), 10)
	dst = append(dst, "\r\nContent-Type: "+contentType+"\r\nDate: "...)
	dst = append(dst, w.dates.now()...)
	switch {
	case keep && http10:
		dst = append(dst, "\r\nConnection: keep-alive"...)
	case !keep && !http10:
		dst = append(dst, "\r\nConnection: close"...)
	}
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, *body...), keep
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

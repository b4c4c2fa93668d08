package bthttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// delegate gives a connection to the next Accept, which is net/http's.
func (l *Listener) delegate(c net.Conn, rest []byte) {
	l.metrics.delegated.Inc()
	h := &delegatedConn{Conn: c, listener: l, rest: rest}
	select {
	case l.delegated <- h:
	case <-l.closed:
		_ = h.Close()
	}
}

// delegatedConn is a connection with the bytes that were read of it.
type delegatedConn struct {
	net.Conn
	listener *Listener
	rest     []byte
	closed   sync.Once
}

// Gone is a tracker.Waiter's, of the request that came last.
func (h *delegatedConn) Gone(e tracker.Event) bool {
	tcp, ok := h.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	return err == nil && hasGone(raw, h.listener.opts.Timeout, e)
}

// Read returns what was read already, then what comes.
func (h *delegatedConn) Read(b []byte) (int, error) {
	if len(h.rest) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// Close closes the connection.
func (h *delegatedConn) Close() error {
	err := net.ErrClosed
	h.closed.Do(func() { err = h.listener.free(h.Conn) })
	return err
}

// CloseWrite is what net/http does before it closes on a client that still sends.
func (h *delegatedConn) CloseWrite() error {
	if half, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("close for writing: %w", errors.ErrUnsupported)
}

// connKey is where a request's context has its delegatedConn.
type connKey struct{}

// ConnContext is an http.Server's. With it a delegated connection comes back to its Listener with
// the next announce or scrape: a proxy sends these and others over the same connections, all of
// which would sooner or later be net/http's.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reclaim takes the connection of a request back from net/http, and answers the request and what
// follows it. It does so only if the client cannot tell the difference.
func reclaim(w http.ResponseWriter, r *http.Request, asked request) bool {
	h, ours := r.Context().Value(connKey{}).(*delegatedConn)
	if !ours || r.Close || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Body != http.NoBody {
		return false
	}
	tcp, ok := h.Conn.(*net.TCPConn)
	if !ok {
		return false
	}
	l := h.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosing.Load() {
		return false
	}
	c, err := newConn(l, tcp)
	if err != nil {
		return false
	}
	_, buffers, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	left, _ := buffers.Peek(buffers.Reader.Buffered()) // that much is there
	c.fresh.Store(false)
	rest := slices.Concat(left, h.rest)
	l.run(c, func() { c.resume(asked, rest) })
	return true
}

// resume answers a request that net/http has read, then the bytes behind it, then what comes.
func (c *conn) resume(asked request, left []byte) {
	defer c.end()
	m := scratches.Get().(*scratch)
	m.head, m.out, asked.waiter = head{keep: true}, m.out[:0], c
	kept := c.listener.reply(c.listener.deadlines.begin(), m, asked)
	if sent := c.write(m.out); !sent {
		return
	}
	m.free()
	if kept && c.answer(left) {
		c.run()
	}
}

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

// handOn gives a connection to whoever accepts next.
func (l *Listener) handOn(c net.Conn, rest []byte) {
	l.metrics.handedOn.Inc()
	h := &handedConn{Conn: c, listener: l, rest: rest}
	select {
	case l.handed <- h:
	case <-l.closed:
		_ = h.Close()
	}
}

// handedConn is a connection with the bytes that were read of it.
type handedConn struct {
	net.Conn
	listener *Listener
	rest     []byte
	closed   sync.Once
}

// Gone is a tracker.Waiter's, of the request that came last.
func (h *handedConn) Gone(e tracker.Event) bool {
	tcp, ok := h.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	return err == nil && hasGone(raw, h.listener.opts.Timeout, e)
}

// Read returns what was read already, then what comes.
func (h *handedConn) Read(b []byte) (int, error) {
	if len(h.rest) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// Close closes the connection.
func (h *handedConn) Close() error {
	err := net.ErrClosed
	h.closed.Do(func() { err = h.listener.free(h.Conn) })
	return err
}

// CloseWrite is what net/http does before it closes on a client that still sends.
func (h *handedConn) CloseWrite() error {
	if half, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("close for writing: %w", errors.ErrUnsupported)
}

// connKey is where a request's context has its handedConn.
type connKey struct{}

// ConnContext is an http.Server's. With it a connection that was handed on comes back to its
// Listener with the next announce or scrape over it: a proxy sends these and others over the
// same connections, all of which would sooner or later be net/http's.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// regain takes the connection of a request back, to answer it, and what comes after it,
// without net/http. It does so only if that makes no difference.
func regain(w http.ResponseWriter, r *http.Request, asked request) bool {
	h, ours := r.Context().Value(connKey{}).(*handedConn)
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

// resume answers a request that net/http has read, then what was left behind it, then what
// comes.
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

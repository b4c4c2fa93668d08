package bthttp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// inSize is the size of a buffer that is read into. An announce has 300 to 700 bytes, with
// what proxies add. A longer one is net/http's.
const inSize = 2 << 10

var inputs = sync.Pool{New: func() any { return new([inSize]byte) }}

// conn is a connection over which only plain requests came so far.
type conn struct {
	listener *Listener
	tcp      *net.TCPConn
	raw      syscall.RawConn
	peer     netip.AddrPort

	fresh   atomic.Bool // nothing came yet
	renewed time.Time   // when its deadline was set
	sent    int         // bytes

	delegated bool

	in  *[inSize]byte // what was read last, if anything
	n   int
	err error
}

func newConn(l *Listener, tcp *net.TCPConn) (*conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	peer := tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	c := &conn{listener: l, tcp: tcp, raw: raw, peer: netip.AddrPortFrom(tracker.PlainAddr(peer.Addr()), peer.Port())}
	c.fresh.Store(true)
	return c, nil
}

// serve answers what comes, until the connection ends or is delegated.
func (c *conn) serve() {
	defer c.end()
	c.run()
}

// end is deferred. A panic ends this connection only, as net/http has it.
func (c *conn) end() {
	if fault := recover(); fault != nil {
		c.listener.log.Error("request panicked", "panic", fault, "client", c.peer.String(), "stack", string(debug.Stack()))
	}
	c.listener.forget(c)
	if !c.delegated {
		_ = c.listener.free(c.tcp)
	}
}

func (c *conn) run() {
	tryRead := c.tryRead // made once, since it costs memory
	for c.read(tryRead) == nil {
		goesOn := c.answer(c.in[:c.n])
		c.release()
		if !goesOn {
			return
		}
	}
}

// read waits for bytes, and takes a buffer when they come. A client that has sent a request has the
// connection's whole time for the next one, and we have it for the answer: the deadline that was
// set before may be near, or have passed.
func (c *conn) read(tryRead func(fd uintptr) bool) error {
	first := c.fresh.Load()
	if err := c.extend(first); err != nil {
		return err
	}
	if err := c.raw.Read(tryRead); err != nil {
		return err
	}
	switch {
	case c.err != nil:
		return c.err
	case c.n == 0:
		c.release()
		return io.EOF
	}
	c.fresh.Store(false)
	return c.extend(first)
}

// extend is renew, but not for a fresh connection: many have one request only, and its deadline
// is for reading alone.
func (c *conn) extend(first bool) error {
	if first {
		return nil
	}
	return c.renew()
}

// tryRead reads what is there. If nothing is, the runtime calls it again when something is.
func (c *conn) tryRead(fd uintptr) bool {
	c.in = inputs.Get().(*[inSize]byte)
	for {
		if c.n, c.err = syscall.Read(int(fd), c.in[:]); !errors.Is(c.err, syscall.EINTR) {
			break
		}
	}
	if c.err == nil {
		return true
	}
	c.release()
	if !errors.Is(c.err, syscall.EAGAIN) {
		return true
	}
	c.err = c.await()
	return c.err != nil
}

func (c *conn) release() {
	inputs.Put(c.in)
	c.in = nil
}

// await sets the deadline of a wait, where it has one of its own.
func (c *conn) await() error {
	if c.fresh.Load() {
		return c.tcp.SetReadDeadline(time.Now().Add(c.listener.bounds.First))
	}
	// wake may have come before the deadline was set.
	if c.listener.isClosing.Load() {
		return net.ErrClosed
	}
	return nil
}

// renew sets the deadline for reading and writing anew, at most once a second: it takes a tenth
// of the time of a reply.
func (c *conn) renew() error {
	now := time.Now()
	if now.Sub(c.renewed) < time.Second {
		return nil
	}
	c.renewed = now
	return c.tcp.SetDeadline(now.Add(c.listener.bounds.Idle))
}

// answer answers what was read, in one deadline and one write, and says whether the connection
// is still ours. What is net/http's is delegated.
func (c *conn) answer(in []byte) bool {
	m := scratches.Get().(*scratch)
	m.waiter = c
	rest, next := c.listener.answer(c.listener.deadlines.begin(), m, in, c.peer)
	sent := c.write(m.out)
	m.free()
	if !sent || next != delegate {
		return sent && next == keepOpen
	}
	if c.tcp.SetDeadline(time.Time{}) == nil {
		c.delegated = true
		c.listener.delegate(c.tcp, slices.Clone(rest))
	}
	return false
}

// Gone is a tracker.Waiter's, of the request that came last.
func (c *conn) Gone(e tracker.Event) bool { return hasGone(c.raw, c.listener.opts.Timeout, e) }

// unbounded is how much an empty socket takes at once, so that no deadline is needed.
const unbounded = 16 << 10

func (c *conn) write(out []byte) (sent bool) {
	if len(out) == 0 {
		return true
	}
	if c.sent += len(out); c.sent > unbounded && c.renew() != nil {
		return false
	}
	_, err := c.tcp.Write(out)
	return err == nil // or the client went away: nobody is left to tell
}

// wake ends an idle connection. A fresh one keeps its time for a first request.
func (c *conn) wake() {
	if !c.fresh.Load() {
		_ = c.tcp.SetReadDeadline(time.Unix(1, 0))
	}
}

// cut ends a connection at once.
func (c *conn) cut() { _ = c.tcp.Close() }

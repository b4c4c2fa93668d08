package bthttp

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/workerpool"
)

// Bounds are what a Listener allows connections.
type Bounds struct {
	Connections int           // open at once, delegated ones included; more wait to be accepted
	First       time.Duration // until the first bytes come
	Idle        time.Duration // between two requests; more than a request may take
}

// Listener answers the plain announces and scrapes that come over its connections. As soon as
// something else comes over a connection, Accept returns it, with all bytes that were not
// answered. So an http.Server that serves a Listener serves all the rest.
//
// A connection has a goroutine, and a buffer while there is something to read. An idle one costs
// 10 kB, most of it the stack (26 kB with net/http).
type Listener struct {
	fastPath
	inner  net.Listener
	bounds Bounds

	slots     chan struct{} // one for each open connection
	delegated chan net.Conn
	closed    chan struct{}
	stop      sync.Once

	deadlines deadlines
	abandon   context.CancelFunc // ends all requests

	isClosing atomic.Bool
	mu        sync.Mutex
	conns     map[*conn]struct{}
	workers   *workerpool.Pool // serves conns
	serving   sync.WaitGroup   // accept, and conns
	ended     chan struct{}    // closed when nobody serves any more
}

// Listen begins to take connections from inner, and closes it in the end.
func (s *Server) Listen(inner net.Listener, bounds Bounds) *Listener {
	l := &Listener{
		inner: inner, bounds: bounds,
		slots: make(chan struct{}, bounds.Connections), delegated: make(chan net.Conn),
		closed: make(chan struct{}), conns: map[*conn]struct{}{},
		workers: workerpool.New(), ended: make(chan struct{}),
	}
	l.fastPath = fastPath{Server: s, closing: l.closing}
	work, abandon := context.WithCancel(context.Background())
	l.deadlines, l.abandon = deadlines{parent: work, timeout: s.opts.Timeout}, abandon
	l.serving.Go(l.accept)
	go func() {
		l.serving.Wait()
		l.workers.Close()
		close(l.ended)
	}()
	return l
}

// Accept returns the next connection that net/http is to serve.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.delegated:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Addr is the address that is listened on.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close takes no more connections, and ends the idle ones. Requests that are pending are
// answered, and are the last of their connections.
func (l *Listener) Close() error {
	var err error
	l.stop.Do(func() {
		l.mu.Lock()
		l.isClosing.Store(true) // from now on nothing is reclaimed
		l.mu.Unlock()
		close(l.closed)
		err = l.inner.Close()
		l.each((*conn).wake)
	})
	return err
}

// Shutdown closes, and waits until all requests are answered. When the context is done, the
// rest is cut off, and that is an error.
func (l *Listener) Shutdown(ctx context.Context) error {
	err := l.Close()
	defer l.abandon()
	select {
	case <-l.ended:
		return err
	case <-ctx.Done():
		l.each((*conn).cut)
		return ctx.Err()
	}
}

// closing says whether connections are closed after their next reply: once the listener is
// closed, and while more than three quarters of the connections are open that may be, so that
// clients who keep theirs do not leave the others without.
func (l *Listener) closing() bool {
	return l.isClosing.Load() || len(l.slots) > cap(l.slots)/4*3
}

// Pauses after an error of accepting, such as too many open files. It passes, but not at once.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

func (l *Listener) accept() {
	for pause := firstPause; ; {
		select {
		case l.slots <- struct{}{}:
		case <-l.closed:
			return
		}
		accepted, err := l.inner.Accept()
		if err == nil {
			pause = firstPause
			l.metrics.connections.Inc()
			l.begin(accepted)
			continue
		}
		<-l.slots
		if errors.Is(err, net.ErrClosed) {
			return
		}
		l.log.Error("cannot accept connections", "error", err, "again after", pause)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return
		}
		pause = min(2*pause, lastPause)
	}
}

// begin serves a connection; one that is not TCP is net/http's.
func (l *Listener) begin(accepted net.Conn) {
	tcp, ok := accepted.(*net.TCPConn)
	if !ok {
		l.serving.Go(func() { l.delegate(accepted, nil) })
		return
	}
	c, err := newConn(l, tcp)
	if err != nil {
		l.log.Error("cannot serve a connection", "error", err)
		_ = l.free(tcp)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run(c, c.serve)
}

// run serves a connection; l.mu is held.
func (l *Listener) run(c *conn, serve func()) {
	l.conns[c] = struct{}{}
	l.serving.Add(1)
	l.workers.Run(func() {
		defer l.serving.Done()
		serve()
	})
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

func (l *Listener) each(do func(*conn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		do(c)
	}
}

// free closes a connection and makes room for another.
func (l *Listener) free(c net.Conn) error {
	err := c.Close()
	l.metrics.connections.Dec()
	<-l.slots
	return err
}

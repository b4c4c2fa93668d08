package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
)

// guarded is a connection to Redis that ends where the client's library would end the process:
// at a length that cannot be, and at a reply to nothing. It also ends if a command is
// answered as none of its kind is: then replies have slipped, and each reaches another one's request.
type guarded struct {
	net.Conn
	commands commands
	replies  replies
	broken   error // what came next made no sense
	refuse   func(error)
	lost     func()

	mu   sync.Mutex
	sent queue // of commands without a reply
}

// dialer returns what connects a client to Redis.
func (r *Redis) dialer(c *Client) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	return func(ctx context.Context, addr string, dialer *net.Dialer, _ *tls.Config) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		refuse := func(err error) {
			r.oddReplies.Log(r.log, slog.LevelError, "connection to redis ended", "address", addr, "error", err)
		}
		return newGuarded(conn, refuse, func() { r.lostConnection(c) }), nil
	}
}

func newGuarded(conn net.Conn, refuse func(error), lost func()) *guarded {
	g := &guarded{Conn: conn, refuse: refuse, lost: lost}
	g.commands.sent, g.replies.take = g.push, g.pop
	return g
}

// Write counts the commands before they are on their way: no reply can be faster.
func (g *guarded) Write(p []byte) (int, error) {
	g.commands.follow(p)
	return g.Conn.Write(p)
}

// Read returns what may be read before something that makes no sense, and then the error.
func (g *guarded) Read(p []byte) (int, error) {
	if g.broken != nil {
		return 0, g.broken
	}
	n, err := g.Conn.Read(p)
	good, broken := g.replies.check(p[:n])
	if err != nil || broken != nil {
		g.lost()
	}
	if broken == nil {
		return n, err
	}
	g.broken = broken
	g.refuse(broken)
	if good > 0 {
		return good, nil
	}
	return 0, broken
}

func (g *guarded) push(want shape) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent.push(want)
}

func (g *guarded) pop() (want shape, asked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent.pop()
}

// queue is first in, first out, without garbage.
type queue struct {
	items []shape
	first int
}

func (q *queue) push(item shape) {
	if len(q.items) == cap(q.items) && q.first > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.first:])]
		q.first = 0
	}
	q.items = append(q.items, item)
}

func (q *queue) pop() (item shape, ok bool) {
	if q.first == len(q.items) {
		return anyShape, false
	}
	item = q.items[q.first]
	if q.first++; q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	}
	return item, true
}

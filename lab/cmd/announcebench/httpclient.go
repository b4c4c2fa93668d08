package main

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// httpClient is a connection that is kept, or one connection after the other, each from
// the announcing host's own address.
type httpClient struct {
	poller
	target *unix.SockaddrInet4
	name   string // of the target, for the Host field
	keep   bool

	socket int // -1 while there is none
	out    []byte
	in     []byte
}

func newHTTPClient(p poller, target *unix.SockaddrInet4, keep bool) *httpClient {
	return &httpClient{poller: p, target: target, name: targetName(target), keep: keep, socket: -1}
}

func (c *httpClient) send(a announce) error {
	c.out = appendRequest(c.out[:0], a, c.name, c.keep)
	c.in = c.in[:0]
	fresh := c.socket < 0
	if fresh {
		if err := c.dial(a.addr); err != nil {
			return c.failed("connect", err)
		}
	}
	if err := c.write(); err != nil {
		return err
	}
	if fresh {
		if err := c.watch(c.socket, len(c.out) > 0); err != nil {
			return c.failed("epoll", err)
		}
	}
	return nil
}

// dial begins a connection. On the loopback it is there at once, unless the tracker does
// not keep up with accepting.
func (c *httpClient) dial(from [4]byte) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.socket = socket
	// The port is chosen when the target is known, too, so that it need only be free for that.
	if err := unix.SetsockoptInt(socket, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(socket, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if c.keep { // the connection serves many hosts
		from = [4]byte{127, 0, 0, 1}
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: from}); err != nil {
		return err
	}
	if err := unix.Connect(socket, c.target); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return err
	}
	return nil
}

// write sends what it can.
func (c *httpClient) write() error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.socket, c.out)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return c.failed("write", err)
		}
		c.out = c.out[n:]
	}
	return nil
}

func (c *httpClient) ready() (r reply, done bool, err error) {
	if err := c.write(); err != nil {
		return r, false, err
	}
	for {
		closed, err := c.read()
		if errors.Is(err, unix.EAGAIN) {
			return r, false, nil
		}
		if err != nil {
			return r, false, c.failed("read", err)
		}
		if closed && len(c.in) == 0 {
			return r, false, c.failed("read", net.ErrClosed)
		}
		r, done, err := parseHTTP(c.in, closed)
		if err != nil {
			c.abandon()
			return r, false, err
		}
		if done {
			if !c.keep || closed {
				c.abandon()
			}
			return r, true, nil
		}
	}
}

// read takes what has come. Closed says that nothing will any more.
func (c *httpClient) read() (closed bool, err error) {
	const least = 4 << 10 // more than a reply with 200 peers
	if cap(c.in)-len(c.in) < least {
		c.in = append(make([]byte, 0, 2*cap(c.in)+least), c.in...)
	}
	n, err := unix.Read(c.socket, c.in[len(c.in):cap(c.in)])
	if err != nil {
		return false, err
	}
	c.in = c.in[:len(c.in)+n]
	return n == 0, nil
}

func (c *httpClient) failed(step string, err error) error {
	c.abandon()
	return fmt.Errorf("%s: %w", step, err)
}

func (c *httpClient) abandon() {
	if c.socket >= 0 {
		_ = unix.Close(c.socket)
		c.socket = -1
	}
}

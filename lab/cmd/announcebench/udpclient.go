package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// udpClient is a socket through which any host speaks: each packet is sent from the host's
// own address, which the kernel is told along with it. A socket for each host would be
// 20,000.
type udpClient struct {
	poller
	target *unix.SockaddrInet4

	socket      int
	announce    announce
	transaction uint32
	out         []byte
	in          [2048]byte
}

func newUDPClient(p poller, target *unix.SockaddrInet4) (*udpClient, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	// A port of its own at all addresses, so that replies to any host come here.
	if err := unix.Bind(socket, &unix.SockaddrInet4{}); err != nil {
		return nil, err
	}
	// Transactions of two clients differ, though nobody would mix them up.
	return &udpClient{poller: p, target: target, socket: socket, transaction: uint32(p.client) << 20}, p.watch(socket, false)
}

// send connects first if the host has no id that is good.
func (c *udpClient) send(a announce) error {
	c.announce = a
	c.transaction++
	if a.connection.good(time.Now()) {
		c.out = appendAnnounce(c.out[:0], a, c.transaction)
	} else {
		c.out = appendConnect(c.out[:0], c.transaction)
	}
	source := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a.addr})
	if err := unix.Sendmsg(c.socket, c.out, source, c.target, 0); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

func (c *udpClient) ready() (r reply, done bool, err error) {
	for {
		n, err := unix.Read(c.socket, c.in[:])
		if errors.Is(err, unix.EAGAIN) {
			return r, false, nil
		}
		if err != nil {
			return r, false, fmt.Errorf("receive: %w", err)
		}
		action, body, ours := parseUDP(c.in[:n], c.transaction)
		if !ours {
			continue // it is late
		}
		switch action {
		case actionConnect:
			err = c.connected(body)
		case actionAnnounce:
			r, err = parseAnnounced(body)
			return r, err == nil, err
		case actionError:
			return reply{failure: string(body)}, true, nil
		default:
			err = fmt.Errorf("action %d", action)
		}
		if err != nil {
			return r, false, err
		}
	}
}

// connected keeps the id and sends the announce that it is for.
func (c *udpClient) connected(body []byte) error {
	id, err := parseConnected(body)
	if err != nil {
		return err
	}
	c.announce.connection = connection{id: id, since: time.Now()}
	return c.send(c.announce)
}

// abandon makes the reply one that nobody waits for.
func (c *udpClient) abandon() { c.transaction++ }

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The generator is one thread that drives its sockets by epoll, without the net package: a
// goroutine and its wake-ups cost more than some trackers' answer, and the times of Go's
// scheduler are whole milliseconds when it has nothing else to do.

// client is one of the generator's sockets. One announce is under way at most.
type client interface {
	// send begins an announce.
	send(a announce) error
	// ready goes on when epoll saw something happen to the socket. Done says that the
	// answer is here; after an error the announce is over, too.
	ready() (r reply, done bool, err error)
	// abandon gives up the announce under way.
	abandon()
}

// poller is an epoll instance that knows each socket by a client's number.
type poller struct {
	epoll  int
	client int32
}

// watch tells epoll to say once whenever there is something new to read, or to write if
// that is wanted. Closing the socket ends it.
func (p poller) watch(socket int, write bool) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: p.client}
	if write {
		event.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, socket, &event)
}

// parseTarget reads the address of a tracker.
func parseTarget(text string) (*unix.SockaddrInet4, error) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil || !addr.Addr().Is4() || !addr.Addr().IsLoopback() {
		return nil, fmt.Errorf("--target: must be an IPv4 address of the loopback and a port, like 127.0.0.1:6969, not %.80q", text)
	}
	return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}, nil
}

func targetName(target *unix.SockaddrInet4) string {
	return netip.AddrPortFrom(netip.AddrFrom4(target.Addr), uint16(target.Port)).String()
}

// isRefused says whether the tracker's machine would not have us, or hung up on us.
func isRefused(err error) bool {
	for _, refusal := range []error{unix.ECONNREFUSED, unix.ECONNRESET, unix.EPIPE, net.ErrClosed} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

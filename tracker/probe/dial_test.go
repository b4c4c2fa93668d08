package probe

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// With real sockets of both families: somebody listens, nobody does any more, and
// packets get lost.
func TestDial(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		p := testProber(&fakeStore{}, dialTCP)
		defer p.Close()
		listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		check := tracker.Check{Addr: listener.Addr().(*net.TCPAddr).AddrPort()}
		if o := p.reach(context.Background(), check); o != answered {
			t.Errorf("%s listens: %s", host, o)
		}
		listener.Close()
		if o := p.reach(context.Background(), check); o != refused {
			t.Errorf("%s does not listen: %s", host, o)
		}
		if o := p.reach(context.Background(), tracker.Check{Addr: silent(t, host)}); o != timeout {
			t.Errorf("%s is silent: %s", host, o)
		}
	}
}

// silent is an address at which connections are neither taken nor refused: its queue,
// the shortest there is, is full.
func silent(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	family, sockaddr := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if netip.MustParseAddr(host).Is6() {
		family, sockaddr = syscall.AF_INET6, &syscall.SockaddrInet6{Addr: netip.IPv6Loopback().As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, sockaddr); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr(host), port(t, fd))
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return addr
}

func port(t *testing.T, fd int) uint16 {
	t.Helper()
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if four, ok := bound.(*syscall.SockaddrInet4); ok {
		return uint16(four.Port)
	}
	return uint16(bound.(*syscall.SockaddrInet6).Port)
}

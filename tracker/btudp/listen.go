package btudp

import (
	"context"
	"net"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// receiveBuffer is what a socket holds while all goroutines are busy: 4 MiB are some 5,000
// announces. Linux gives as much of it as net.core.rmem_max allows.
const receiveBuffer = 4 << 20

// socket is one of those that share a port.
type socket struct {
	*net.UDPConn
	batches *ipv4.PacketConn // reads and writes batches of either family
}

// Listener is the sockets that take a port's packets: one for each CPU, and Linux spreads
// the clients over them. The zero Listener has none.
type Listener struct{ sockets []socket }

// Listen takes a UDP port, on IPv4 and IPv6 if host is empty. If another program has the port, the
// error wraps syscall.EADDRINUSE.
func Listen(ctx context.Context, host, port string) (*Listener, error) {
	// Sockets that share a port would share it with those of another process of this
	// user, too, so the first try shares nothing.
	var alone net.ListenConfig
	first, err := alone.ListenPacket(ctx, "udp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	address := first.LocalAddr().String() // with its number, if port was 0
	_ = first.Close()

	l := &Listener{}
	sharing := net.ListenConfig{Control: sharePort}
	for range listeners() {
		conn, err := sharing.ListenPacket(ctx, "udp", address)
		if err == nil {
			err = l.add(conn.(*net.UDPConn))
		}
		if err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// listeners is how many sockets there are. Only Linux spreads packets over them.
func listeners() int {
	if runtime.GOOS == "linux" {
		return runtime.GOMAXPROCS(0)
	}
	return 1
}

func sharePort(_, _ string, raw syscall.RawConn) (err error) {
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		stampArrivals(fd)
	})
	if err == nil {
		err = controlErr
	}
	return err
}

func (l *Listener) add(conn *net.UDPConn) error {
	l.sockets = append(l.sockets, socket{UDPConn: conn, batches: ipv4.NewPacketConn(conn)})
	_ = conn.SetReadBuffer(receiveBuffer) // a smaller one will do
	local := conn.LocalAddr().(*net.UDPAddr).IP
	switch {
	case !local.IsUnspecified():
		return nil
	case local.To4() != nil:
		return ipv4.NewPacketConn(conn).SetControlMessage(ipv4.FlagDst, true)
	default:
		return ipv6.NewPacketConn(conn).SetControlMessage(ipv6.FlagDst, true)
	}
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.sockets[0].LocalAddr() }

// wake lets every read end at once, now and later.
func (l *Listener) wake() {
	for _, s := range l.sockets {
		_ = s.SetReadDeadline(time.Unix(1, 0))
	}
}

// Close frees the port.
func (l *Listener) Close() {
	for _, s := range l.sockets {
		_ = s.Close()
	}
}

package btudp

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// Linux tells of a packet when it came (SO_TIMESTAMPNS), and at a socket of all addresses where it
// was sent to (IP_PKTINFO, IPV6_PKTINFO). The latter is given back with the reply, which then comes
// from there: of a machine with several addresses the system would choose another one, which no
// client believes.

// infoSize is enough for a time, of 32 bytes, and one message of either kind, of 32 and 40.
const infoSize = 80

// stampArrivals lets a socket tell when packets came. Without that they are new.
func stampArrivals(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
}

// cutArrival takes the time off, by the system's clock; zero if there is none.
func cutArrival(info []byte) (arrived time.Time, rest []byte) {
	if len(info) < unix.SizeofCmsghdr {
		return arrived, info
	}
	header, data, rest, err := unix.ParseOneSocketControlMessage(info)
	if err != nil || header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_TIMESTAMPNS || len(data) < 16 {
		return arrived, info
	}
	seconds, nanoseconds := binary.NativeEndian.Uint64(data), binary.NativeEndian.Uint64(data[8:])
	return time.Unix(int64(seconds), int64(nanoseconds)), rest
}

// anyInterface takes the interface, by which the packet came, out of such a message: the
// reply goes wherever the way to the client begins.
func anyInterface(info []byte) {
	if len(info) < unix.SizeofCmsghdr { // a socket at one address is told nothing
		return
	}
	header, data, _, err := unix.ParseOneSocketControlMessage(info)
	switch {
	case err != nil:
	case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		clear(data[:4]) // ahead of the address
	case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		clear(data[16:20]) // behind it
	}
}

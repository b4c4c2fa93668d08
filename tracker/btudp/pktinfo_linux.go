package btudp

import "golang.org/x/sys/unix"

// What Linux tells of a packet is where it was sent to (IP_PKTINFO, IPV6_PKTINFO). Given
// back with the reply, it lets that come from there: of a machine with several addresses
// the system would choose another one, which no client believes.

// infoSize is enough for one message of either kind, of 28 and 36 bytes.
const infoSize = 64

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

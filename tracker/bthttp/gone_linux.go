package bthttp

import (
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// halfClosed is the age up to which a request is answered whose client sends nothing more. One
// that closed its connection looks like one that closed its sending side only, as `nc -N` does,
// and still reads. Such a client has its answer within milliseconds.
const halfClosed = 200 * time.Millisecond

// tcpInfo is what Linux knows of a connection. To ask for it takes 1 µs.
type tcpInfo struct {
	unix.TCPInfo
	err syscall.Errno
	ask func(fd uintptr) // read, made once, since it costs memory
}

var tcpInfos = sync.Pool{New: func() any {
	info := new(tcpInfo)
	info.ask = info.read
	return info
}}

// read is unix.GetsockoptTCPInfo without its memory.
func (i *tcpInfo) read(fd uintptr) {
	size := uint32(unix.SizeofTCPInfo)
	_, _, i.err = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&i.TCPInfo)), uintptr(unsafe.Pointer(&size)), 0) //nolint:gosec // see above
}

// hasGone says whether the last request over a connection has been given up: the client closed,
// unless it stops, or the request is older than the limit. Its age counts from the moment in
// which Linux got it, so it has the time in which nobody read it or the process was stopped.
func hasGone(raw syscall.RawConn, limit time.Duration, e tracker.Event) bool {
	i := tcpInfos.Get().(*tcpInfo)
	defer tcpInfos.Put(i)
	if raw.Control(i.ask) != nil {
		return true // we closed it
	}
	age := time.Duration(i.Last_data_recv) * time.Millisecond
	switch {
	case i.err != 0:
		return false
	case i.State == unix.BPF_TCP_ESTABLISHED, e == tracker.EventStopped:
		return age > limit
	case i.State == unix.BPF_TCP_CLOSE: // the client reset it, or closed before it read a reply
		return true
	}
	return age > min(halfClosed, limit)
}

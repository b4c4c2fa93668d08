package rest

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// A client takes paceBytes in paceTime, or its connection is closed. That is 13 kB/s; the largest
// torrent may take an hour and a half.
const (
	paceBytes = 128 << 10
	paceTime  = 10 * time.Second
)

// Few large replies are written at a time: hundreds of goroutines that write at the same moment
// would keep an announce waiting for each of its steps. A slow client's slot is free again after
// slotTime, so slots bound no network's speed.
const (
	writeSlots = 4
	slotTime   = time.Millisecond
	slotBytes  = 16 << 10 // less needs no slot
)

// paced is a reply whose deadline is renewed while the client takes it.
type paced struct {
	http.ResponseWriter
	writing semaphore
	left    int // bytes that may be written by the present deadline
}

func (p *paced) Write(b []byte) (written int, err error) {
	for err == nil && written < len(b) {
		if p.left == 0 {
			p.left = paceBytes
			// A writer that is no connection has no deadline; then there is no slow client.
			_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(paceTime))
		}
		var n int
		n, err = p.writePart(b[written:min(len(b), written+p.left)])
		written, p.left = written+n, p.left-n
	}
	return written, err
}

func (p *paced) writePart(b []byte) (int, error) {
	if len(b) >= slotBytes {
		p.writing <- struct{}{}
		release := sync.OnceFunc(p.writing.release)
		defer release()
		defer time.AfterFunc(slotTime, release).Stop()
	}
	return p.ResponseWriter.Write(b)
}

// ReadFrom is what http.ServeContent writes a file by. All of it, or all from an offset on, is
// written as it lies in memory.
func (p *paced) ReadFrom(r io.Reader) (int64, error) {
	if part, ok := r.(*io.LimitedReader); ok {
		if file, ok := part.R.(*bytes.Reader); ok && int64(file.Len()) == part.N {
			return file.WriteTo(p)
		}
	}
	return io.Copy(struct{ io.Writer }{p}, r)
}

// Unwrap is for http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }

package rest

import (
	"net/http"
	"runtime"
	"time"
)

// The slowest a client may be: it takes paceBytes in paceTime, or its connection is closed. That
// is 13 kB/s; the largest torrent may take an hour and a half.
const (
	paceBytes = 128 << 10
	paceTime  = 10 * time.Second
)

// paced is a reply whose deadline is renewed as long as the client takes it.
type paced struct {
	http.ResponseWriter
	left int // bytes that may be written by the present deadline
}

func (p *paced) Write(b []byte) (written int, err error) {
	for err == nil && written < len(b) {
		if p.left == 0 {
			p.left = paceBytes
			runtime.Gosched() // hundreds that take all at once must not keep an announce waiting
			// A writer that is no connection has no deadline; then there is no slow client.
			_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(paceTime))
		}
		var n int
		n, err = p.ResponseWriter.Write(b[written:min(len(b), written+p.left)])
		written, p.left = written+n, p.left-n
	}
	return written, err
}

// Unwrap is for http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }

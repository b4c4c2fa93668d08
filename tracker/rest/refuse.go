package rest

import (
	"context"
	"io"
	"net/http"
)

// upload is the body of a request. It knows whether anything is left of it.
type upload struct {
	io.ReadCloser
	ended bool
}

func (u *upload) Read(b []byte) (int, error) {
	n, err := u.ReadCloser.Read(b)
	u.ended = u.ended || err != nil
	return n, err
}

// refuse writes a fault at once. Then it reads what is left of the body into nothing until the
// context is done: a connection that is closed on a client which still sends is reset, and a
// client that sends all of it before it reads would never see the fault.
func refuse(ctx context.Context, w http.ResponseWriter, body *upload, f fault) {
	if body.ended || body.ReadCloser == http.NoBody {
		writeFault(w, f)
		return
	}
	conn := http.NewResponseController(w)
	_ = conn.EnableFullDuplex() // else net/http reads some of the body first
	w.Header().Set("Connection", "close")
	writeFault(w, f)
	_ = conn.Flush()
	readBy(ctx, conn)
	_, _ = io.Copy(io.Discard, body)
}

// readBy ends reading a request's body when the context is done, which does not end a read by
// itself. A writer that is no connection has no deadline; then there is no slow client.
func readBy(ctx context.Context, conn *http.ResponseController) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline)
	}
}

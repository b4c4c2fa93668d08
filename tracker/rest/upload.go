package rest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// formOverhead is how many bytes a multipart form may have around its file.
const formOverhead = 64 << 10

const (
	errBody     = tracker.ClientError("the body could not be read whole, and in time")
	errForm     = tracker.ClientError("the form has no file field")
	errFormMore = tracker.ClientError("the form has more than one file field")
)

// readTorrent returns the file that was uploaded: the one file field of a
// multipart form, or the body as it is. A connection's deadline bounds it, since
// a context's does not end a read.
func (s *server) readTorrent(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if deadline, ok := r.Context().Deadline(); ok {
		// A writer that is no connection has none; then there is no slow client.
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
	limit := s.opts.TorrentMaxBytes
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "multipart/form-data" {
		return readBody(http.MaxBytesReader(w, r.Body, limit))
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+formOverhead)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	return readForm(w, form, limit)
}

// readForm returns the form's one file, of at most limit bytes. Other fields are
// passed over.
func readForm(w http.ResponseWriter, form *multipart.Reader, limit int64) (file []byte, err error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && file == nil:
			return nil, errForm
		case errors.Is(err, io.EOF):
			return file, nil
		case err != nil:
			return nil, bodyFault(err)
		case part.FileName() == "":
			continue
		case file != nil:
			return nil, errFormMore
		}
		if file, err = readBody(http.MaxBytesReader(w, part, limit)); err != nil {
			return nil, err
		}
	}
}

func readBody(body io.Reader) ([]byte, error) {
	file, err := io.ReadAll(body)
	if err != nil {
		return nil, bodyFault(err)
	}
	return file, nil
}

// bodyFault tells a body that is too large from one that does not come.
func bodyFault(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge
	}
	return fmt.Errorf("%w: %w", errBody, err)
}

package rest

import (
	"bytes"
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

// tooLarge refuses a torrent; most of one is the hashes of its pieces.
func tooLarge(limit int64) fault {
	return fault{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf(
		"the torrent is larger than TORRENT_MAX_BYTES, %d bytes: make it again with larger pieces (mktorrent -l)", limit)}
}

// readTorrent returns the file that was uploaded: the one file field of a
// multipart form, or the body as it is. One that says it is too large is refused at once.
func (s *server) readTorrent(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	readBy(r.Context(), http.NewResponseController(w))
	limit, most := s.opts.TorrentMaxBytes, s.opts.TorrentMaxBytes
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "multipart/form-data" {
		most += formOverhead
	}
	if r.ContentLength > most { // before anything of it is read, or asked for by "100 Continue"
		return nil, tooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if media != "multipart/form-data" {
		return readBody(r.Body, r, limit)
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	return readForm(w, r, form, limit)
}

// readForm returns the form's one file, of at most limit bytes. Other fields are
// passed over.
func readForm(w http.ResponseWriter, r *http.Request, form *multipart.Reader, limit int64) (file []byte, err error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && file == nil:
			return nil, errForm
		case errors.Is(err, io.EOF):
			return file, nil
		case err != nil:
			return nil, bodyFault(err, limit)
		case part.FileName() == "":
			continue
		case file != nil:
			return nil, errFormMore
		}
		if file, err = readBody(http.MaxBytesReader(w, part, limit), r, limit); err != nil {
			return nil, err
		}
	}
}

// readBody reads a torrent into memory that is taken once: its request says how long it is at most.
func readBody(body io.Reader, r *http.Request, limit int64) ([]byte, error) {
	var file bytes.Buffer
	file.Grow(int(min(max(r.ContentLength, 0), limit)) + bytes.MinRead)
	if _, err := file.ReadFrom(body); err != nil {
		return nil, bodyFault(err, limit)
	}
	return file.Bytes(), nil
}

// bodyFault tells a body that is too large from one that does not come.
func bodyFault(err error, limit int64) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(limit)
	}
	return fmt.Errorf("%w: %w", errBody, err)
}

package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// retryAfter is how many seconds a client shall wait for a store that cannot be
// asked now.
const retryAfter = 5

// writeJSON writes a body that can be read as it is.
func writeJSON(w http.ResponseWriter, status int, body any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(body); err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	write(w, status, "application/json", text.Bytes())
	return nil
}

// write writes a whole reply. A client that does not read it is gone, which
// nobody needs to hear of.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// writeFault writes {"error": {"code", "message"}}.
func writeFault(w http.ResponseWriter, f fault) {
	faultHeaders(w, f)
	_ = writeJSON(w, f.status, map[string]fault{"error": f}) // strings always encode
}

// Refuse answers a request that no handler is to see, since its client is not known.
func Refuse(w http.ResponseWriter, err error) { writeFault(w, faultOf(err)) }

// faultHeaders sets the headers that a status calls for.
func faultHeaders(w http.ResponseWriter, f fault) {
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="p2ptracker"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
}

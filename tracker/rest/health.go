package rest

import (
	"net/http"
)

// healthz says that the process answers, whatever its store does.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request, _ string) error {
	writeOK(w)
	return nil
}

// readyz says whether the store answers, so that a proxy knows whom to ask. It
// is asked every second or so, and the store itself logs that it is away.
func (s *server) readyz(w http.ResponseWriter, r *http.Request, _ string) error {
	if err := s.store.Ready(r.Context()); err != nil {
		s.log.Debug("not ready", "error", err)
		writeFault(w, errNotReady)
		return nil
	}
	writeOK(w)
	return nil
}

func writeOK(w http.ResponseWriter) {
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

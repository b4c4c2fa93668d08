package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	readySharing = time.Second     // an answer of the store serves all who ask for so long
	readyTimeout = 5 * time.Second // bounds the question, whoever asked first and went away
)

// readiness is the last answer of the store: many may ask often, and each answer costs Redis
// something.
type readiness struct {
	mu       sync.Mutex
	until    time.Time
	err      error
	warnings []string
}

func (r *readiness) ask(ctx context.Context, store Health) (warnings []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().After(r.until) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		r.err, r.warnings = store.Ready(ctx), store.Warnings()
		r.until = time.Now().Add(readySharing)
	}
	return r.warnings, r.err
}

// healthz says that the process answers, whatever its store does.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request, _ string) error {
	writeOK(w, nil)
	return nil
}

// readyz says whether the store answers, so that a proxy knows whom to ask, and what an operator is
// to do about it. It is asked every second or so, and the store itself logs that it is away.
func (s *server) readyz(w http.ResponseWriter, r *http.Request, _ string) error {
	warnings, err := s.readiness.ask(r.Context(), s.store)
	if err == nil {
		writeOK(w, warnings)
		return nil
	}
	s.log.Debug("not ready", "error", err)
	shown := errNotReady
	var says tracker.StoreError
	if errors.As(err, &says) {
		shown.Message = string(says)
	}
	writeFault(w, shown)
	return nil
}

func writeOK(w http.ResponseWriter, warnings []string) {
	text := strings.Join(append([]string{"ok"}, warnings...), "\nwarning: ") + "\n"
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

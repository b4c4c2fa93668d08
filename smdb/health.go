package smdb

import (
	"log/slog"
	"sync"
	"time"
)

// health logs a line when the sources go down and one when they are back, whatever number of
// hosts asks meanwhile.
type health struct {
	log   *slog.Logger
	quiet time.Duration // time without a failure after which the sources count as back

	mu          sync.Mutex
	down        bool
	lastFailure time.Time
}

// failed records that a source could not answer.
func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastFailure = time.Now()
	if !h.down {
		h.down = true
		h.log.Warn("a location source does not answer; hosts that are known stay known", "error", err)
	}
}

// answered records that a source answered. One answer between failures does not count as back:
// a source that answers every other call would fill the log.
func (h *health) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down && time.Since(h.lastFailure) >= h.quiet {
		h.down = false
		h.log.Info("location sources answer again")
	}
}

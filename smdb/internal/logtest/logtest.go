// Package logtest records what a test's subject logs.
package logtest

import (
	"log/slog"
	"strings"
	"sync"
)

// Recorder keeps the lines of its level, which is info unless a test lowers it, and above.
type Recorder struct {
	Level slog.LevelVar
	mu    sync.Mutex
	lines []string
}

// Logger writes lines without their time to the Recorder.
func (r *Recorder) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{
		Level: &r.Level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// Write implements io.Writer for the Logger, which writes a line each time.
func (r *Recorder) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, strings.TrimSpace(string(line)))
	return len(line), nil
}

// Take returns the lines since the last call.
func (r *Recorder) Take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

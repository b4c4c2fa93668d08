package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// format is how log lines are written.
type format string

const (
	textFormat format = "text"
	jsonFormat format = "json"
)

// Decode refuses any other word.
func (f *format) Decode(text string) error {
	if given := format(text); given == textFormat || given == jsonFormat {
		*f = given
		return nil
	}
	return fmt.Errorf("must be text or json, not %q", text)
}

// newLogger writes as DEBUG and LOG_FORMAT say.
func newLogger(w io.Writer, c *Config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Debug {
		opts.Level = slog.LevelDebug
	}
	if c.LogFormat == jsonFormat {
		opts.ReplaceAttr = writeDurations
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// writeDurations has them as text: JSON would have bare nanoseconds.
func writeDurations(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// loggedError has been logged, and is not printed as well.
type loggedError struct{ error }

func (e loggedError) Unwrap() error { return e.error }

// lastWords logs why the program ends if a machine reads the log, a line for each line of the
// error. For a person main prints them.
func lastWords(err error, c *Config, log *slog.Logger) error {
	if err == nil || c.LogFormat != jsonFormat {
		return err
	}
	for line := range strings.Lines(err.Error()) {
		log.Error(strings.TrimSuffix(line, "\n"))
	}
	return loggedError{err}
}

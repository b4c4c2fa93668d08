package storetest

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

// Log collects log lines.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// OpenLogged opens a store that logs there.
func OpenLogged(t *testing.T, opts redisstore.Options) (*redisstore.Store, *Log) {
	t.Helper()
	log := &Log{}
	s := redisstore.Open(opts, log.Logger())
	t.Cleanup(s.Close)
	return s, log
}

// Logger writes there.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// Count is how often the words are in the lines.
func (l *Log) Count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}

var timeAndLevel = regexp.MustCompile(`(?m)^time=\S+ level=INFO msg=|transfer=\S+ `)

// Take returns the lines of level INFO logged since, without their times and the transfer.
func (l *Log) Take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := timeAndLevel.ReplaceAllString(l.text.String(), "")
	l.text.Reset()
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

package tracker

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// However many lines there are, one a minute is written, and it counts all the others.
func TestLogLimiter(t *testing.T) {
	const minutes, lines = 3, 50
	synctest.Test(t, func(t *testing.T) {
		var limiter LogLimiter
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, nil))
		write := func() { limiter.Log(log, slog.LevelWarn, "refused", "client", "192.0.2.7") }
		suppressed := 0
		for range minutes {
			var wg sync.WaitGroup
			for range lines {
				wg.Go(write)
			}
			wg.Wait()
			time.Sleep(time.Minute - 1)
			write()
			want := fmt.Sprintf("level=WARN msg=refused client=192.0.2.7 suppressed=%d\n", suppressed)
			if line := logged.String(); strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, want) {
				t.Errorf("logged %q, want %q", line, want)
			}
			logged.Reset()
			suppressed = lines // but for the first, and with the one a nanosecond early
			time.Sleep(1)
		}
	})
}

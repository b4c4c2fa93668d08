package seldom

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many ask at once, the line is written once a minute, and tells of all the others.
func TestDue(t *testing.T) {
	const minutes, askers = 3, 50
	synctest.Test(t, func(t *testing.T) {
		var line Line
		var written, suppressed atomic.Int64
		ask := func() {
			if n, due := line.Due(); due {
				written.Add(1)
				suppressed.Add(n)
			}
		}
		for minute := range minutes {
			var wg sync.WaitGroup
			for range askers {
				wg.Go(ask)
			}
			wg.Wait()
			time.Sleep(time.Minute - 1)
			ask()
			if written.Load() != int64(minute)+1 {
				t.Errorf("written %d times in minute %d", written.Load(), minute)
			}
			time.Sleep(1)
		}
		ask()
		if want := int64(minutes * askers); written.Load() != minutes+1 || suppressed.Load() != want {
			t.Errorf("written %d times, and %d more were told of, want %d", written.Load(), suppressed.Load(), want)
		}
	})
}

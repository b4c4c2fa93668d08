package tracker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Never more are pending than are admitted, however many come at once; 0 admits any number.
func TestRequestsAreBounded(t *testing.T) {
	for _, test := range []struct{ most, want int64 }{{3, 3}, {1, 1}, {0, 100}} {
		requests := NewRequests(int(test.most), slog.New(slog.DiscardHandler))
		for range 2 {
			var admitted atomic.Int64
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					if requests.Admit() {
						admitted.Add(1)
					}
				})
			}
			wg.Wait()
			// Who was refused was counted for a moment, and may have cost another one its turn.
			if n := admitted.Load(); n > test.want || n == 0 || requests.Pending() != n {
				t.Errorf("%d of %d admitted, %d pending", n, test.want, requests.Pending())
			}
			for range admitted.Load() {
				requests.Done()
			}
		}
		for range test.want {
			if !requests.Admit() {
				t.Errorf("not admitted, with %d of %d pending", requests.Pending(), test.want)
			}
		}
		if admitted := requests.Admit(); admitted != (test.most == 0) {
			t.Errorf("one more than %d: %t", test.most, admitted)
		}
	}
}

// What nobody foresaw is an ERROR once a minute; all else is a line at DEBUG each.
func TestFailIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		requests := NewRequests(0, log)
		fail := func(err error, client string) string {
			logged.Reset()
			if f, want := requests.Fail(err, slog.String("path", "/announce"), netip.MustParseAddrPort(client)), FailureOf(err); f.Reason != want.Reason {
				t.Errorf("%v: %+v", err, f)
			}
			_, line, _ := strings.Cut(logged.String(), " ") // behind the time
			return line
		}
		unforeseen := errors.New("WRONGTYPE")
		for _, test := range []struct {
			err          error
			client, want string
		}{
			{unforeseen, "192.0.2.7:4000", "level=ERROR msg=\"request failed\" path=/announce error=WRONGTYPE client=192.0.2.7:4000 suppressed=0\n"},
			{unforeseen, "192.0.2.7:4000", ""},
			{ErrBusy, "192.0.2.7:0", "level=DEBUG msg=\"request failed\" path=/announce error=\"too many requests under way\" client=192.0.2.7\n"},
			{context.Canceled, "[2001:db8::7]:0", "level=DEBUG msg=\"request failed\" path=/announce error=\"context canceled\" client=2001:db8::7\n"},
			{fmt.Errorf("x: %w", unforeseen), "192.0.2.7:0", ""},
		} {
			if line := fail(test.err, test.client); line != test.want {
				t.Errorf("%v: logged %q", test.err, line)
			}
		}
		time.Sleep(time.Minute)
		if line := fail(unforeseen, "192.0.2.7:0"); !strings.HasSuffix(line, "client=192.0.2.7 suppressed=2\n") {
			t.Errorf("a minute later: logged %q", line)
		}
	})
}

// BenchmarkFail measures a request that is not admitted.
func BenchmarkFail(b *testing.B) {
	requests := NewRequests(1, slog.New(slog.DiscardHandler))
	client := netip.MustParseAddrPort("192.0.2.7:4000")
	b.ReportAllocs()
	for b.Loop() {
		requests.Fail(ErrBusy, slog.String("path", "/announce"), client)
	}
}

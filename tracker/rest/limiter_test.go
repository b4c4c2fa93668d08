package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// from lets requests come from an address.
func from(client string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = client
		h.ServeHTTP(w, r)
	})
}

// TestReadersOfOneAddress has clients that hardly read. However many of them one address has,
// others are answered at once. If many addresses take all there is, others are told to come
// back, and in the end all addresses are forgotten.
func TestReadersOfOneAddress(t *testing.T) {
	digits := hash(0xab).String() + ".json"
	for _, test := range []struct {
		path     string
		own, all int
		maxWait  time.Duration
	}{
		{"/torrents", ownReplies, replySlots, maxWait},
		{"/transfers", ownReplies, replySlots, maxWait},
		{"/transfers/" + digits + "?racks=1", ownReplies, replySlots, maxWait},
		{"/transfers/hosts/" + digits, ownReplies, replySlots, maxWait},
		{"/transfers/peers/" + digits, ownReplies, replySlots, maxWait},
		{"/torrents/build-42.torrent", ownDownloads, downloadSlots, maxDownloadWait},
	} {
		t.Run(test.path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handle(full(t), Options{}, nil)
				stall := func(client string, n int) {
					for range n {
						w := &slowly{httptest.NewRecorder(), 30 * time.Minute}
						go from(client, h).ServeHTTP(w, request(http.MethodGet, test.path, nil))
						synctest.Wait() // the fake takes one call at a time
					}
				}
				ask := func(client string) (*httptest.ResponseRecorder, time.Duration) {
					begin := time.Now()
					w := serve(from(client, h), request(http.MethodGet, test.path, nil))
					return w, time.Since(begin)
				}
				stall("192.0.2.1:1", test.all+1)
				for _, other := range []string{"192.0.2.2:1", "[2001:db8::1]:1"} {
					if w, took := ask(other); w.Code != http.StatusOK || took > 0 {
						t.Errorf("%s: status %d after %v", other, w.Code, took)
					}
				}
				for _, same := range []string{"192.0.2.1:2", "[::ffff:192.0.2.1]:3"} {
					if w, took := ask(same); w.Code != http.StatusServiceUnavailable || errorOf(t, w.Body.Bytes()) != "busy" || took != test.maxWait {
						t.Errorf("%s: status %d after %v", same, w.Code, took)
					}
				}
				time.Sleep(time.Hour) // the clients took their answers
				for n := range test.all/test.own + 1 {
					stall(fmt.Sprintf("[2001:db8::1:%x]:1", n), test.own)
				}
				w, took := ask("192.0.2.2:1")
				if w.Code != http.StatusServiceUnavailable || took != test.maxWait {
					t.Errorf("all are taken: status %d after %v", w.Code, took)
				}
				checkHeader(t, w, "Retry-After", "5")
				time.Sleep(time.Hour)
				if w, took := ask("192.0.2.2:1"); w.Code != http.StatusOK || took > 0 {
					t.Errorf("afterwards: status %d after %v", w.Code, took)
				}
				s := h.(*server)
				for _, l := range []*limiter{s.reads, s.changes, s.downloads} {
					if len(l.clients)+len(l.all)+len(l.making) > 0 {
						t.Errorf("%d addresses are kept, %d and %d slots are taken", len(l.clients), len(l.all), len(l.making))
					}
				}
			})
		})
	}
}

// TestHostsBehindOneAddress: many hosts that ask at the same moment are served in turn.
func TestHostsBehindOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full(t)
		h := handle(f, Options{}, nil)
		codes := make(chan int)
		const hosts = 256
		for range hosts {
			go func() {
				w := &slowly{httptest.NewRecorder(), time.Second}
				h.ServeHTTP(w, request(http.MethodGet, "/torrents/build-42.torrent", nil))
				codes <- w.Code
			}()
		}
		for range hosts {
			if code := <-codes; code != http.StatusOK {
				t.Errorf("status %d", code)
			}
		}
	})
}

// slowly is a client that takes its time for an answer.
type slowly struct {
	*httptest.ResponseRecorder
	takes time.Duration
}

func (s *slowly) Write(b []byte) (int, error) {
	time.Sleep(s.takes)
	return s.ResponseRecorder.Write(b)
}

package sources

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// A rack's power comes back: all its hosts announce at once over real sockets,
// each several times. Each host costs one call and stands in its own rack.
func TestStormOverHTTP(t *testing.T) {
	const hosts, announces = 50, 20
	var calls [hosts]atomic.Int64
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ip := netip.MustParseAddr(path.Base(r.URL.Path)).As4()
		calls[ip[3]].Add(1)
		fmt.Fprintf(w, `{"host%d": {"cabinet": "r%d"}}`, ip[3], ip[3]%4)
	})
	cache := smdb.NewCache(bounded(newREST(t, base), longTimeout), nil, smdb.CacheOptions{
		TTL: longTimeout, MaxStale: 2 * longTimeout, NegativeTTL: longTimeout,
		FailureTTL: longTimeout, Recall: longTimeout, Size: 10 * hosts,
	}, slog.New(slog.DiscardHandler))
	defer cache.Close()

	var wg sync.WaitGroup
	for i := range hosts * announces {
		wg.Go(func() {
			host := i % hosts
			place, err := cache.Locate(t.Context(), netip.AddrFrom4([4]byte{10, 0, 0, byte(host)}))
			if err != nil || place != rackOf(host) {
				t.Errorf("host %d: %+v, %v", host, place, err)
			}
		})
	}
	wg.Wait()
	for host := range calls {
		if n := calls[host].Load(); n != 1 {
			t.Errorf("host %d: %d calls", host, n)
		}
	}
}

func rackOf(host int) tracker.Place {
	return tracker.Place{Location: tracker.Location(fmt.Sprintf("r%d", host%4)), Hostname: fmt.Sprintf("host%d", host)}
}

// With an SMDB that fails in every way in turn, entries that expire all the
// time, and askers that leave early, a host is told its own rack or none.
func TestNeverTheWrongRack(t *testing.T) {
	const hosts, askers, asks = 20, 16, 100
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		host := netip.MustParseAddr(path.Base(r.URL.Path)).As4()[3]
		switch rand.N(8) {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			w.WriteHeader(http.StatusNotFound)
		case 2:
			fmt.Fprintf(w, `{"host%d": {"cabinet": "r%d"}, "other": {"cabinet": "wrong"}}`, host, host%4)
		case 3:
			io.WriteString(w, `{"other": {"cabinet": "wro`)
		case 4:
			io.WriteString(w, strings.Repeat(" ", 2*maxAnswer))
		default:
			fmt.Fprintf(w, `{"host%d": {"cabinet": "r%d"}}`, host, host%4)
		}
	})
	cache := smdb.NewCache(bounded(newREST(t, base), longTimeout), nil, smdb.CacheOptions{
		TTL: time.Millisecond, MaxStale: 5 * time.Millisecond, NegativeTTL: time.Millisecond,
		FailureTTL: time.Millisecond, Recall: longTimeout, Size: hosts / 2,
	}, slog.New(slog.DiscardHandler))
	defer cache.Close()

	var located atomic.Int64
	var wg sync.WaitGroup
	for asker := range askers {
		patience := longTimeout
		if asker%2 == 0 {
			patience = 10 * time.Millisecond
		}
		wg.Go(func() {
			for range asks {
				host := rand.N(hosts)
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(patience))
				place, err := cache.Locate(ctx, netip.AddrFrom4([4]byte{10, 0, 0, byte(host)}))
				cancel()
				if err != nil {
					continue
				}
				located.Add(1)
				if place != rackOf(host) {
					t.Errorf("host %d: %+v", host, place)
				}
			}
		})
	}
	wg.Wait()
	if located.Load() == 0 {
		t.Error("no host was located at all")
	}
}

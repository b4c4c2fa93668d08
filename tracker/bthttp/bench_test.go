package bthttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

// What libtorrent and aria2 send; the latter escapes its key.
const (
	libtorrentQuery = "info_hash=%88%17%8f%83%7c%24cq%fd%facU%f1%eb%98%7fq%9d%a6%3d&peer_id=-LT2080-le0BR5aEmEw_&port=26914" +
		"&uploaded=0&downloaded=0&left=300000&corrupt=0&key=FE3FCFEA&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0"
	aria2Query = "info_hash=%88%17%8F%83%7C%24cq%FD%FAcU%F1%EB%98%7Fq%9D%A6%3D&peer_id=A2-1-36-0-a%C9%9A%E6P%9E%F2.X%20" +
		"&uploaded=0&downloaded=0&left=300000&compact=1&key=%9A%E6P%9E%F2.X%20&numwant=50&no_peer_id=1&port=26917&event=started&supportcrypto=1"
)

// readySwarm hands the same 30 peers to everybody at no cost.
type readySwarm struct{ resp tracker.AnnounceResponse }

func newReadySwarm() readySwarm {
	resp := tracker.AnnounceResponse{Interval: 45 * time.Second, MinInterval: 42 * time.Second, ExternalIP: netip.MustParseAddr("192.0.2.1")}
	for i := range 30 {
		resp.Peers = append(resp.Peers, tracker.Peer{Addr4: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 6881)})
	}
	return readySwarm{resp}
}

func (s readySwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return s.resp, nil
}

func (s readySwarm) Scrape(context.Context, []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	return nil, nil
}

// TestAllocations: reading an announce costs no memory unless its key is
// escaped, and writing the reply none beyond its buffer.
func TestAllocations(t *testing.T) {
	client := netip.MustParseAddr("192.0.2.1")
	for _, test := range []struct {
		query string
		want  float64
	}{{libtorrentQuery, 0}, {aria2Query, 1}} {
		got := testing.AllocsPerRun(100, func() {
			if _, err := bthttp.ParseAnnounce(test.query, client, true); err != nil {
				t.Fatal(err)
			}
		})
		if got > test.want {
			t.Errorf("%g allocations to read %s", got, test.query)
		}
	}
	resp := newReadySwarm().resp
	buffer := make([]byte, 0, 4096)
	got := testing.AllocsPerRun(100, func() {
		bthttp.AppendAnnounce(buffer, tracker.AnnounceRequest{Compact: true}, resp)
	})
	if got != 0 {
		t.Errorf("%g allocations to write a reply", got)
	}
}

// BenchmarkParseAnnounce measures reading one announce from its raw query.
func BenchmarkParseAnnounce(b *testing.B) {
	client := netip.MustParseAddr("192.0.2.1")
	for name, query := range map[string]string{"libtorrent": libtorrentQuery, "aria2": aria2Query} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bthttp.ParseAnnounce(query, client, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppendAnnounce measures writing one compact reply of 30 peers.
func BenchmarkAppendAnnounce(b *testing.B) {
	resp := newReadySwarm().resp
	buffer := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buffer = bthttp.AppendAnnounce(buffer[:0], tracker.AnnounceRequest{Compact: true}, resp)
	}
}

// BenchmarkAnnounce measures the handler for one announce, from a parsed HTTP
// request to the written reply, without the tracker behind it and the socket
// before it.
func BenchmarkAnnounce(b *testing.B) {
	handler := bthttp.New(newReadySwarm(), bthttp.Options{TrustIPParam: loopback, Timeout: time.Second}, quiet)
	r := httptest.NewRequest(http.MethodGet, "/announce?"+libtorrentQuery, nil)
	w := nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(w, r)
	}
}

// nowhere is a ResponseWriter without a connection.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

package btudp

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"pgregory.net/rapid"
)

const txid = 0x74786964 // "txid"

func TestAppend(t *testing.T) {
	resp := tracker.AnnounceResponse{Interval: 46*time.Second + 900*time.Millisecond, Complete: 1, Incomplete: 2, Downloaded: 9, Peers: fixedPeers}
	empty := tracker.AnnounceResponse{Complete: math.MaxInt, Incomplete: -1}
	entries := []tracker.ScrapeEntry{
		{InfoHash: tracker.InfoHash{2}, Complete: 4, Incomplete: 5, Downloaded: 6},
		{InfoHash: tracker.InfoHash{1}, Complete: 1, Incomplete: 2, Downloaded: 3},
	}
	hashes := []tracker.InfoHash{{1}, {3}, {2}, {1}}
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"connect", AppendConnect(nil, txid, 0x1122334455667788), `00000000 74786964 11223344 55667788`},
		{"IPv4", AppendAnnounce(nil, txid, client4, resp), `00000001 74786964 0000002e 00000002 00000001 0a000101 1ae1 0a000102 c8d5`},
		{"IPv6", AppendAnnounce(nil, txid, client6, resp), `00000001 74786964 0000002e 00000002 00000001
			fd000000 00000000 00000000 00000002 c8d5  fd000000 00000000 00000000 00000003 0001`},
		{"no peers, odd numbers", AppendAnnounce(nil, txid, client4, empty), `00000001 74786964 00000001 00000000 7fffffff`},
		{"scrape", AppendScrape(nil, txid, hashes, entries), `00000002 74786964 00000001 00000003 00000002
			00000000 00000000 00000000  00000004 00000006 00000005  00000001 00000003 00000002`},
		{"error", AppendError(nil, txid, "no"), `00000003 74786964 6e6f`},
	} {
		if !bytes.Equal(test.got, unhex(test.want)) {
			t.Errorf("%s: %x", test.name, test.got)
		}
	}
}

// The largest handout fits into a packet, cut to what does; and so do the largest scrape
// and every packet's buffer.
func TestRepliesFit(t *testing.T) {
	const maxPeers = 200 // MAXPEERS at most
	resp := tracker.AnnounceResponse{Peers: slices.Repeat(fixedPeers[1:2], maxPeers)}
	if reply := AppendAnnounce(nil, txid, client4, resp); len(reply) != announceHead+maxPeers*peerSize4 || len(reply) > maxReply {
		t.Errorf("IPv4: %d bytes", len(reply))
	}
	if reply := AppendAnnounce([]byte("before"), txid, client6, resp); len(reply) != len("before")+announceHead+79*peerSize6 {
		t.Errorf("IPv6: %d bytes", len(reply))
	}
	if reply := AppendScrape(nil, txid, make([]tracker.InfoHash, maxScrape), nil); len(reply) > maxReply {
		t.Errorf("scrape: %d bytes", len(reply))
	}
}

// What is written reads back as the peers of the client's family, in their order.
func TestAnnounceReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		client := genClient.Draw(t, "client")
		resp := tracker.AnnounceResponse{Interval: time.Minute}
		var want []netip.AddrPort
		for range rapid.IntRange(0, 70).Draw(t, "peers") {
			var p tracker.Peer
			if a := netip.AddrPortFrom(genClient.Draw(t, "peer"), rapid.Uint16().Draw(t, "port")); a.Addr().Is4() {
				p.Addr4 = a
			} else {
				p.Addr6 = a
			}
			resp.Peers = append(resp.Peers, p)
			for _, a := range []netip.AddrPort{p.Addr4, p.Addr6} {
				if a.IsValid() && a.Addr().Is4() == client.Is4() {
					want = append(want, a)
				}
			}
		}
		size := client.BitLen()/8 + 2
		var got []netip.AddrPort
		for part := range slices.Chunk(AppendAnnounce(nil, txid, client, resp)[announceHead:], size) {
			addr, ok := netip.AddrFromSlice(part[:size-2])
			if !ok {
				t.Fatalf("%x is no address", part)
			}
			got = append(got, netip.AddrPortFrom(addr, uint16(part[size-2])<<8|uint16(part[size-1])))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

package bthttp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/zeebo/bencode"
	"pgregory.net/rapid"
)

var (
	peer4    = tracker.Peer{ID: tracker.PeerID([]byte("-LT2080-four--------")), Addr4: netip.MustParseAddrPort("10.0.0.1:6881")}
	peer6    = tracker.Peer{ID: tracker.PeerID([]byte("-LT2080-six---------")), Addr6: netip.MustParseAddrPort("[2001:db8::1]:6882")}
	peerBoth = tracker.Peer{
		ID:    tracker.PeerID([]byte("-LT2080-both--------")),
		Addr4: netip.MustParseAddrPort("10.0.0.2:80"), Addr6: netip.MustParseAddrPort("[2001:db8::2]:80"),
	}
)

func TestAppendAnnounce(t *testing.T) {
	counts := tracker.AnnounceResponse{
		Interval: 45 * time.Second, MinInterval: 42*time.Second + 900*time.Millisecond,
		Complete: 1, Incomplete: 2, Downloaded: 3,
	}
	const head = "d8:completei1e10:downloadedi3e10:incompletei2e8:intervali45e12:min intervali42e"
	tests := []struct {
		name   string
		req    tracker.AnnounceRequest
		change func(*tracker.AnnounceResponse)
		want   string
	}{
		{
			"no peers",
			tracker.AnnounceRequest{Compact: true},
			func(*tracker.AnnounceResponse) {},
			head + "5:peers0:e",
		},
		{
			"no peers, dictionaries",
			tracker.AnnounceRequest{},
			func(*tracker.AnnounceResponse) {},
			head + "5:peersle" + "e",
		},
		{
			"peers of both families",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.Peers = []tracker.Peer{peer4, peerBoth, peer6} },
			head + "5:peers12:\x0a\x00\x00\x01\x1a\xe1\x0a\x00\x00\x02\x00\x50" +
				"6:peers636:\x20\x01\x0d\xb8" + zeros(11) + "\x02\x00\x50\x20\x01\x0d\xb8" + zeros(11) + "\x01\x1a\xe2e",
		},
		{
			"IPv6 only",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.Peers = []tracker.Peer{peer6} },
			head + "5:peers0:6:peers618:\x20\x01\x0d\xb8" + zeros(11) + "\x01\x1a\xe2e",
		},
		{
			"dictionaries",
			tracker.AnnounceRequest{},
			func(r *tracker.AnnounceResponse) { r.Peers = []tracker.Peer{peer4, peerBoth} },
			head + "5:peersl" +
				"d2:ip8:10.0.0.17:peer id20:-LT2080-four--------4:porti6881ee" +
				"d2:ip8:10.0.0.27:peer id20:-LT2080-both--------4:porti80ee" +
				"d2:ip11:2001:db8::27:peer id20:-LT2080-both--------4:porti80ee" + "ee",
		},
		{
			"dictionaries without peer ids",
			tracker.AnnounceRequest{NoPeerID: true},
			func(r *tracker.AnnounceResponse) { r.Peers = []tracker.Peer{peer6} },
			head + "5:peersl" + "d2:ip11:2001:db8::14:porti6882ee" + "ee",
		},
		{
			"warning",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.Warning = "not active" },
			head + "5:peers0:15:warning message10:not activee",
		},
		{
			"external ip",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.ExternalIP = netip.MustParseAddr("::ffff:192.0.2.1") },
			"d8:completei1e10:downloadedi3e11:external ip4:\xc0\x00\x02\x0110:incompletei2e8:intervali45e12:min intervali42e5:peers0:e",
		},
		{
			"external ip of IPv6",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.ExternalIP = netip.MustParseAddr("2001:db8::1") },
			"d8:completei1e10:downloadedi3e11:external ip16:\x20\x01\x0d\xb8" + zeros(11) +
				"\x0110:incompletei2e8:intervali45e12:min intervali42e5:peers0:e",
		},
		{
			"intervals are a second at least",
			tracker.AnnounceRequest{Compact: true},
			func(r *tracker.AnnounceResponse) { r.Interval, r.MinInterval = 999*time.Millisecond, 0 },
			"d8:completei1e10:downloadedi3e10:incompletei2e8:intervali1e12:min intervali1e5:peers0:e",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp := counts
			test.change(&resp)
			got := AppendAnnounce([]byte("before"), test.req, resp)
			if string(got) != "before"+test.want {
				t.Errorf("got  %q\nwant %q", got, "before"+test.want)
			}
		})
	}
}

func zeros(n int) string { return string(make([]byte, n)) }

func TestAppendFailure(t *testing.T) {
	tests := []struct {
		failure tracker.Failure
		want    string
	}{
		{tracker.Failure{Reason: "away", Interval: 12 * time.Second}, "d14:failure reason4:away8:intervali12e8:retry ini1ee"},
		{tracker.Failure{Reason: "bad", Interval: time.Hour, Never: true}, "d14:failure reason3:bad8:intervali3600e8:retry in5:nevere"},
	}
	for _, test := range tests {
		got := AppendFailure(nil, test.failure)
		if string(got) != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		checkCanonical(t, got)
	}
}

func TestAppendScrape(t *testing.T) {
	if got := string(AppendScrape(nil, nil)); got != "d5:filesdee" {
		t.Errorf("nothing is %q", got)
	}
	a, b := tracker.InfoHash{0: 0xff}, tracker.InfoHash{0: 'a'}
	got := AppendScrape(nil, []tracker.ScrapeEntry{
		{InfoHash: a, Complete: 1, Incomplete: 2, Downloaded: 3, Downloaders: 4}, {InfoHash: b},
	})
	want := "d5:filesd20:a" + zeros(19) + "d8:completei0e10:downloadedi0e11:downloadersi0e10:incompletei0ee" +
		"20:\xff" + zeros(19) + "d8:completei1e10:downloadedi3e11:downloadersi4e10:incompletei2eeee"
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	checkCanonical(t, got)
}

// checkCanonical has another encoder write what another decoder read: the bytes
// are the same only if the keys are in order and all is written the one right way.
func checkCanonical(t rapid.TB, reply []byte) {
	t.Helper()
	var value any
	if err := bencode.DecodeBytes(reply, &value); err != nil {
		t.Fatalf("%q: %v", reply, err)
	}
	again, err := bencode.EncodeBytes(value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, reply) {
		t.Fatalf("not canonical:\n%q\nwant\n%q", reply, again)
	}
}

// announceReply is a reply as a client reads it.
type announceReply struct {
	Complete    int    `bencode:"complete"`
	Downloaded  int    `bencode:"downloaded"`
	ExternalIP  string `bencode:"external ip"`
	Incomplete  int    `bencode:"incomplete"`
	Interval    int    `bencode:"interval"`
	MinInterval int    `bencode:"min interval"`
	Peers       any    `bencode:"peers"`
	Peers6      string `bencode:"peers6"`
	Warning     string `bencode:"warning message"`
}

var genPeer = rapid.Custom(func(t *rapid.T) tracker.Peer {
	bytes4 := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ipv4")
	bytes6 := append([]byte{0x20, 0x01}, rapid.SliceOfN(rapid.Byte(), 14, 14).Draw(t, "ipv6")...)
	peer := tracker.Peer{ID: tracker.PeerID(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "id"))}
	families := rapid.IntRange(1, 3).Draw(t, "families")
	if families&1 != 0 {
		peer.Addr4 = netip.AddrPortFrom(netip.AddrFrom4([4]byte(bytes4)), rapid.Uint16().Draw(t, "port"))
	}
	if families&2 != 0 {
		peer.Addr6 = netip.AddrPortFrom(netip.AddrFrom16([16]byte(bytes6)), rapid.Uint16().Draw(t, "port6"))
	}
	return peer
})

func TestAppendAnnounceIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := tracker.AnnounceRequest{Compact: rapid.Bool().Draw(t, "compact"), NoPeerID: rapid.Bool().Draw(t, "no_peer_id")}
		resp := tracker.AnnounceResponse{
			Interval:    time.Duration(rapid.IntRange(1, 5000).Draw(t, "interval")) * time.Second,
			MinInterval: time.Duration(rapid.IntRange(1, 5000).Draw(t, "min")) * time.Second,
			Complete:    rapid.IntRange(0, 1<<40).Draw(t, "complete"),
			Incomplete:  rapid.IntRange(0, 1<<40).Draw(t, "incomplete"),
			Downloaded:  rapid.IntRange(0, 1<<40).Draw(t, "downloaded"),
			Peers:       rapid.SliceOfN(genPeer, 0, 60).Draw(t, "peers"),
			ExternalIP:  genPeer.Draw(t, "external").Addr4.Addr(),
			Warning:     rapid.String().Draw(t, "warning"),
		}
		reply := AppendAnnounce(nil, req, resp)
		checkCanonical(t, reply)

		var got announceReply
		if err := bencode.DecodeBytes(reply, &got); err != nil {
			t.Fatal(err)
		}
		peers := readPeers(t, got, req)
		if want := endpoints(resp.Peers, !req.Compact, !req.Compact && !req.NoPeerID); !slices.Equal(peers, want) {
			t.Fatalf("peers are read as\n%v\nwant\n%v", peers, want)
		}
		if resp.ExternalIP.IsValid() && got.ExternalIP != string(resp.ExternalIP.AsSlice()) {
			t.Fatalf("external ip is %q", got.ExternalIP)
		}
		got.Peers, got.Peers6, got.ExternalIP = nil, "", ""
		want := announceReply{
			Complete: resp.Complete, Downloaded: resp.Downloaded, Incomplete: resp.Incomplete, Warning: resp.Warning,
			Interval: int(resp.Interval.Seconds()), MinInterval: int(resp.MinInterval.Seconds()),
		}
		if got != want {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

// handed is one endpoint of a reply, with the peer id if the reply tells it.
type handed struct {
	addr netip.AddrPort
	id   string
}

// endpoints are the peers in the order of the reply: the families mixed in
// dictionaries, one after the other in compact form.
func endpoints(peers []tracker.Peer, mixed, withID bool) []handed {
	var all, last []handed
	for _, peer := range peers {
		id := ""
		if withID {
			id = string(peer.ID[:])
		}
		if peer.Addr4.IsValid() {
			all = append(all, handed{peer.Addr4, id})
		}
		if peer.Addr6.IsValid() && mixed {
			all = append(all, handed{peer.Addr6, id})
		} else if peer.Addr6.IsValid() {
			last = append(last, handed{peer.Addr6, id})
		}
	}
	return append(all, last...)
}

func readPeers(t *rapid.T, reply announceReply, req tracker.AnnounceRequest) []handed {
	if req.Compact {
		return append(readCompact(reply.Peers.(string), 4), readCompact(reply.Peers6, 16)...)
	}
	var all []handed
	for _, item := range reply.Peers.([]any) {
		peer := item.(map[string]any)
		addr, err := netip.ParseAddr(peer["ip"].(string))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := peer["peer id"].(string)
		all = append(all, handed{netip.AddrPortFrom(addr, uint16(peer["port"].(int64))), id})
	}
	return all
}

func readCompact(text string, size int) []handed {
	var all []handed
	for ; text != ""; text = text[size+2:] {
		addr, _ := netip.AddrFromSlice([]byte(text[:size]))
		all = append(all, handed{addr: netip.AddrPortFrom(addr, binary.BigEndian.Uint16([]byte(text[size:size+2])))})
	}
	return all
}

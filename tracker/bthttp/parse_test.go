package bthttp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	hashQuery = "info_hash=%88%17%8F%83%7c%24cq%FD%fAcU%F1%EB%98%7Fq%9D%A6%3D"
	peerQuery = "peer_id=-TR3000-9ny7fny9kmnx"
	baseQuery = hashQuery + "&" + peerQuery + "&port=6881"
)

var client = netip.MustParseAddr("192.0.2.1")

func testHash(t testing.TB) tracker.InfoHash {
	t.Helper()
	hash, err := tracker.ParseInfoHash("88178f837c246371fdfa6355f1eb987f719da63d")
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// baseRequest is what baseQuery means.
func baseRequest(t testing.TB) tracker.AnnounceRequest {
	return tracker.AnnounceRequest{
		InfoHash: testHash(t),
		PeerID:   tracker.PeerID([]byte("-TR3000-9ny7fny9kmnx")),
		Addr:     netip.AddrPortFrom(client, 6881),
		Left:     tracker.LeftUnknown,
		NumWant:  tracker.NumWantDefault,
		Compact:  true,
	}
}

func TestParseAnnounce(t *testing.T) {
	type request = tracker.AnnounceRequest
	tests := []struct {
		query string // after baseQuery
		want  func(*request)
	}{
		{"", func(*request) {}},
		{"&", func(*request) {}},
		{"&unknown=1&trackerid=x&supportcrypto=1&corrupt=0&redundant=0", func(*request) {}},
		{"&uploaded=1&downloaded=2&left=3", func(r *request) { r.Uploaded, r.Downloaded, r.Left = 1, 2, 3 }},
		{"&uploaded=18446744073709551615", func(r *request) { r.Uploaded = 1<<64 - 1 }},
		{"&left=%31%30", func(r *request) { r.Left = 10 }},
		{"&left=0&left=5", func(r *request) { r.Left = 0 }},
		{"&left=8796093022208", func(r *request) { r.Left = tracker.MaxLeft }},
		{"&left=8796093022209", func(*request) {}},
		{"&left=18446744073709551615", func(*request) {}},
		{"&left=99999999999999999999999", func(*request) {}},
		{"&left=", func(*request) {}},
		{"&left", func(*request) {}},
		{"&left&left=0", func(*request) {}},
		{"&left=-1", func(*request) {}},
		{"&left=%2D1", func(*request) {}},
		{"&left=-16384", func(*request) {}},
		{"&left=-99999999999999999999999", func(*request) {}},
		{"&uploaded=&downloaded", func(*request) {}},
		{"&uploaded&downloaded=2", func(r *request) { r.Downloaded = 2 }},
		{"&uploaded=18446744073709551616", func(r *request) { r.Uploaded = 1<<64 - 1 }},
		{"&event&numwant&compact&no_peer_id&key&trackerid&ip", func(*request) {}},
		{"&event=&numwant=&compact=&no_peer_id=&key=&trackerid=&ip=", func(*request) {}},
		{"&numwant=99999999999999999999999", func(r *request) { r.NumWant = 1<<31 - 1 }},
		{"&left=9223372036854775807", func(*request) {}},
		{"&event=started", func(r *request) { r.Event = tracker.EventStarted }},
		{"&event=completed", func(r *request) { r.Event = tracker.EventCompleted }},
		{"&event=stopped", func(r *request) { r.Event = tracker.EventStopped }},
		{"&event=paused", func(r *request) { r.Event = tracker.EventPaused }},
		{"&event=%73topped", func(r *request) { r.Event = tracker.EventStopped }},
		{"&event=", func(*request) {}},
		{"&event=Started", func(*request) {}},
		{"&event=&event=started", func(*request) {}},
		{"&numwant=50", func(r *request) { r.NumWant = 50 }},
		{"&numwant=0", func(r *request) { r.NumWant = 0 }},
		{"&numwant=-5", func(*request) {}},
		{"&numwant=18446744073709551615", func(r *request) { r.NumWant = 1<<31 - 1 }},
		{"&compact=1", func(*request) {}},
		{"&compact=0", func(r *request) { r.Compact = false }},
		{"&no_peer_id=1", func(r *request) { r.NoPeerID = true }},
		{"&no%5fpeer%5Fid=1", func(r *request) { r.NoPeerID = true }},
		{"&no_peer_id=0", func(*request) {}},
		{"&key=7185a534", func(r *request) { r.Key = "7185a534" }},
		{"&key=%23%12%871%A9%B0%D9%87", func(r *request) { r.Key = "#\x12\x871\xa9\xb0\xd9\x87" }},
		{"&key=a+b%zz%4", func(r *request) { r.Key = "a+b%zz%4" }},
		{"&key=" + strings.Repeat("k", tracker.MaxKey), func(r *request) { r.Key = strings.Repeat("k", tracker.MaxKey) }},
		{"&key=" + strings.Repeat("%6b", tracker.MaxKey), func(r *request) { r.Key = strings.Repeat("k", tracker.MaxKey) }},
		{"&port=1", func(*request) {}},
		{"&" + "info_hash=short", func(*request) {}},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			want := baseRequest(t)
			test.want(&want)
			got, err := ParseAnnounce(baseQuery+test.query, client, false)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParseAnnounceRawBytes(t *testing.T) {
	// Bytes that a client should have escaped, and pluses, as they are.
	got, err := ParseAnnounce("port=1&peer_id=+-(*)~!'\"<>\xff\x80_.,:/@?&info_hash=#\xfe\xc3+4567890123456789", client, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := "+-(*)~!'\"<>\xff\x80_.,:/@?"; string(got.PeerID[:]) != want {
		t.Errorf("peer_id is %q, want %q", got.PeerID, want)
	}
	if want := "#\xfe\xc3+4567890123456789"; string(got.InfoHash[:]) != want {
		t.Errorf("info_hash is %q, want %q", got.InfoHash, want)
	}
	if want := "#\xfe\xc3 4567890123456789"; string(got.WithBlanks[:]) != want {
		t.Errorf("with blanks it is %q, want %q", got.WithBlanks, want)
	}
}

// Only a plus that is not escaped may be a blank.
func TestParseAnnounceWithBlanks(t *testing.T) {
	for raw, want := range map[string]string{
		"12345678901234567890": "", "%2B%2b%2034567890123456789": "", "++%2B45678901234567890": "  +45678901234567890",
	} {
		got, err := ParseAnnounce("info_hash="+raw+"&"+peerQuery+"&port=1", client, false)
		if with := strings.Trim(string(got.WithBlanks[:]), "\x00"); err != nil || with != want {
			t.Errorf("%s: %q, %v; want %q", raw, with, err, want)
		}
	}
}

func TestParseAnnounceFaults(t *testing.T) {
	tests := []struct {
		query string
		want  error
	}{
		{"", errInfoHash},
		{peerQuery + "&port=1", errInfoHash},
		{"info_hash&" + peerQuery + "&port=1", errInfoHash},
		{hashQuery + "x&" + peerQuery + "&port=1", errInfoHash},
		{"info_hash=88178f837c246371fdfa6355f1eb987f719da63d&" + peerQuery + "&port=1", errInfoHash},
		{"info_hash=%zz345678901234567890&" + peerQuery + "&port=1", errInfoHash},
		{"info_hash=1234567890123456789%&" + peerQuery + "&port=1", errInfoHash},
		{"info_hash=1234567890123456789%4&" + peerQuery + "&port=1", errInfoHash},
		{"info_hash=short&" + hashQuery + "&" + peerQuery + "&port=1", errInfoHash},
		{hashQuery + "&port=1", errPeerID},
		{hashQuery + "&peer_id=-TR3000-&port=1", errPeerID},
		{hashQuery + "&" + peerQuery, errPort},
		{hashQuery + "&" + peerQuery + "&event=stopped", errPort},
		{hashQuery + "&" + peerQuery + "&port=", errPort},
		{hashQuery + "&" + peerQuery + "&port=0", errPort},
		{hashQuery + "&" + peerQuery + "&port=0&event=started", errPort},
		{hashQuery + "&" + peerQuery + "&port=65536", errPort},
		{hashQuery + "&" + peerQuery + "&port=-1", errPort},
		{hashQuery + "&" + peerQuery + "&port=+1", errPort},
		{hashQuery + "&" + peerQuery + "&port=http", errPort},
		{baseQuery + "&uploaded=-1", errUploaded},
		{baseQuery + "&uploaded=+1", errUploaded},
		{baseQuery + "&uploaded=99999999999999999999x", errUploaded},
		{baseQuery + "&downloaded=1.5", errDownloaded},
		{baseQuery + "&downloaded=0x1", errDownloaded},
		{baseQuery + "&downloaded=-1", errDownloaded},
		{baseQuery + "&left=-", errLeft},
		{baseQuery + "&left=--1", errLeft},
		{baseQuery + "&left=-x", errLeft},
		{baseQuery + "&left=+1", errLeft},
		{baseQuery + "&left=%20", errLeft},
		{baseQuery + "&left=99999999999999999999x", errLeft},
		{baseQuery + "&left=1_000", errLeft},
		{baseQuery + "&left=%3", errLeft},
		{baseQuery + "&numwant=many", errNumWant},
		{baseQuery + "&key=" + strings.Repeat("k", tracker.MaxKey+1), errKey},
		{baseQuery + "&key=" + strings.Repeat("%6b", tracker.MaxKey+1), errKey},
		{baseQuery + "&key=" + strings.Repeat("k", 30_000), errKey},
		{baseQuery + "&numwant=--1", errNumWant},
		{baseQuery + "&numwant=-", errNumWant},
		{baseQuery + "&numwant=+5", errNumWant},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			got, err := ParseAnnounce(test.query, client, true)
			if !errors.Is(err, test.want) {
				t.Errorf("got %+v, error %v; want error %v", got, err, test.want)
			}
		})
	}
}

func TestParseAnnounceStopped(t *testing.T) {
	got, err := ParseAnnounce(hashQuery+"&"+peerQuery+"&port=0&event=stopped", client, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := netip.AddrPortFrom(client, 0); got.Addr != want {
		t.Errorf("addr is %s, want %s", got.Addr, want)
	}
}

func TestParseAnnounceAddresses(t *testing.T) {
	const v4, v6 = "192.0.2.1", "2001:db8::1"
	tests := []struct {
		client, query, addr, also string
	}{
		{v4, "", "192.0.2.1:6881", ""},
		{v6, "", "[2001:db8::1]:6881", ""},
		{"::ffff:192.0.2.1", "", "192.0.2.1:6881", ""},
		{"fe80::1%eth0", "", "[fe80::1]:6881", ""},
		{v4, "&ip=10.1.2.3", "10.1.2.3:6881", ""},
		{v4, "&ip=2001:db8::9", "[2001:db8::9]:6881", ""},
		{v4, "&ip=%3A%3Affff%3A10.1.2.3", "10.1.2.3:6881", ""},
		{v6, "&ip=10.1.2.3", "10.1.2.3:6881", ""},
		{v4, "&ip=host.example", "192.0.2.1:6881", ""},
		{v4, "&ip=", "192.0.2.1:6881", ""},
		{v4, "&ip=0.0.0.0", "192.0.2.1:6881", ""},
		{v4, "&ip=::ffff:0.0.0.0", "192.0.2.1:6881", ""},
		{v4, "&ip=255.255.255.255", "192.0.2.1:6881", ""},
		{v4, "&ip=239.1.2.3", "192.0.2.1:6881", ""},
		{v4, "&ip=ff02::1", "192.0.2.1:6881", ""},
		{v4, "&ip=fe80::1%25eth0", "192.0.2.1:6881", ""},
		{v4, "&ip=240.0.0.1", "192.0.2.1:6881", ""},
		{v4, "&ip=0.1.2.3", "192.0.2.1:6881", ""},
		{v4, "&ip=127.0.0.1", "192.0.2.1:6881", ""},
		{v4, "&ip=::ffff:127.0.0.1", "192.0.2.1:6881", ""},
		{v4, "&ip=::127.0.0.1", "192.0.2.1:6881", ""},
		{v4, "&ip=169.254.1.1", "192.0.2.1:6881", ""},
		{v4, "&ip=::ffff:224.0.0.1", "192.0.2.1:6881", ""},
		{v4, "&ip=127.0.0.1&ipv4=10.1.2.3&ipv6=::1", "10.1.2.3:6881", ""},
		{v4, "&ipv6=::1", "192.0.2.1:6881", ""},
		{v4, "&ipv6=fe80::1", "192.0.2.1:6881", ""},
		{v4, "&ipv6=[fe80::1]:99", "192.0.2.1:6881", ""},
		{v4, "&ipv6=ff0e::1", "192.0.2.1:6881", ""},
		{v4, "&ipv6=100::1", "192.0.2.1:6881", ""},
		{v6, "&ipv4=127.0.0.1", "[2001:db8::1]:6881", ""},
		{"127.0.0.1", "&ip=127.0.1.1&ipv6=::1", "127.0.1.1:6881", "[::1]:6881"},
		{"::1", "&ipv4=127.0.0.1", "[::1]:6881", "127.0.0.1:6881"},
		{"127.0.0.1", "&ip=10.1.2.3", "10.1.2.3:6881", ""},
		{"127.0.0.1", "&ip=169.254.1.1", "127.0.0.1:6881", ""},
		{"fe80::1%eth0", "&ip=fe80::2", "[fe80::2]:6881", ""},
		{"fe80::1%eth0", "&ip=::1", "[fe80::1]:6881", ""},
		{v4, "&ip=10.1.2.3&ip=10.9.9.9", "10.1.2.3:6881", ""},
		{v4, "&ipv6=2001:db8::9", "192.0.2.1:6881", "[2001:db8::9]:6881"},
		{v4, "&ipv6=%5B2001:db8::9%5d:99", "192.0.2.1:6881", "[2001:db8::9]:99"},
		{v4, "&ipv6=[2001:db8::9]:0", "192.0.2.1:6881", ""},
		{v4, "&ipv6=::", "192.0.2.1:6881", ""},
		{v4, "&ipv4=10.1.2.3", "10.1.2.3:6881", ""},
		{v4, "&ipv4=10.1.2.3:99", "10.1.2.3:99", ""},
		{v4, "&ipv4=10.1.2.3&ipv6=2001:db8::9", "10.1.2.3:6881", "[2001:db8::9]:6881"},
		{v6, "&ipv4=10.1.2.3:99", "[2001:db8::1]:6881", "10.1.2.3:99"},
		{v6, "&ipv4=10.1.2.3&ipv6=2001:db8::9", "[2001:db8::9]:6881", "10.1.2.3:6881"},
		{v6, "&ip=10.1.2.3&ipv6=2001:db8::9", "10.1.2.3:6881", "[2001:db8::9]:6881"},
	}
	for _, test := range tests {
		t.Run(test.client+test.query, func(t *testing.T) {
			addr := netip.MustParseAddr(test.client)
			got, err := ParseAnnounce(baseQuery+test.query, addr, true)
			if err != nil {
				t.Fatal(err)
			}
			want := netip.AddrPort{}
			if test.also != "" {
				want = netip.MustParseAddrPort(test.also)
			}
			if got.Addr.String() != test.addr || got.Also != want {
				t.Errorf("addr %s, also %s; want %s and %s", got.Addr, got.Also, test.addr, want)
			}

			got, err = ParseAnnounce(baseQuery+test.query, addr, false)
			if err != nil {
				t.Fatal(err)
			}
			if want := netip.AddrPortFrom(addr.Unmap().WithZone(""), 6881); got.Addr != want || got.Also.IsValid() {
				t.Errorf("believed from anybody: addr %s, also %s", got.Addr, got.Also)
			}
		})
	}
}

func TestParseScrape(t *testing.T) {
	const other = "info_hash=aaaaaaaaaaaaaaaaaaaa"
	hash, second := testHash(t), tracker.InfoHash([]byte(strings.Repeat("a", 20)))
	tests := []struct {
		name, query string
		want        []tracker.InfoHash
		err         error
	}{
		{"none", "", nil, nil},
		{"another parameter", "x=1&", nil, nil},
		{"one", hashQuery, []tracker.InfoHash{hash}, nil},
		{"two", hashQuery + "&" + other, []tracker.InfoHash{hash, second}, nil},
		{"twice the same", hashQuery + "&" + other + "&" + hashQuery, []tracker.InfoHash{hash, second}, nil},
		{"escaped key", "info%5fhash=aaaaaaaaaaaaaaaaaaaa", []tracker.InfoHash{second}, nil},
		{"of zeros", "info_hash=" + strings.Repeat("%00", 20), []tracker.InfoHash{{}}, nil},
		{"plus", "info_hash=+%2B345678901234567890", []tracker.InfoHash{
			tracker.InfoHash([]byte("++345678901234567890")), tracker.InfoHash([]byte(" +345678901234567890")),
		}, nil},
		{"plus and blank", "info_hash=%20aaaaaaaaaaaaaaaaaaa&info_hash=+aaaaaaaaaaaaaaaaaaa", []tracker.InfoHash{
			tracker.InfoHash([]byte(" aaaaaaaaaaaaaaaaaaa")), tracker.InfoHash([]byte("+aaaaaaaaaaaaaaaaaaa")),
		}, nil},
		{"one is bad", hashQuery + "&info_hash=x", nil, errInfoHash},
		{"empty", "info_hash=", nil, errInfoHash},
		{"128", strings.Repeat(other+"&", 128), []tracker.InfoHash{second}, nil},
		{"129", strings.Repeat(other+"&", 129), nil, errManyHashes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseScrape(test.query)
			if !errors.Is(err, test.err) || len(got) != len(test.want) {
				t.Fatalf("got %v, %v; want %v, %v", got, err, test.want, test.err)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("hash %d is %s, want %s", i, got[i], test.want[i])
				}
			}
		})
	}
}

package bthttp

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

var announceSeeds = []string{
	baseQuery,
	baseQuery + "&uploaded=0&downloaded=0&left=300000&numwant=80&key=7185a534&compact=1&supportcrypto=1&event=started",
	baseQuery + "&left=&uploaded&downloaded=-&numwant=18446744073709551616",
	baseQuery + "&left=-18446744073709551616&uploaded=18446744073709551616",
	baseQuery + "&left=9223372036854775807&numwant=-1&compact=0&no_peer_id=1&event=paused",
	baseQuery + "&ip=127.0.0.1&ipv4=169.254.1.1&ipv6=::1", baseQuery + "&ip=0.1.2.3&ipv4=240.0.0.1&ipv6=fe80::1", baseQuery + "&ipv6=100::1",
	baseQuery + "&ip=10.1.2.3&ipv4=10.1.2.4:5&ipv6=%5B2001:db8::1%5D:6",
	"info_hash=+%2B%zz%4&peer_id=%&port=0&event=stopped&key=%00",
	"&&=&info%5Fhash=x&info_hash&port=1;left=2",
}

// FuzzParseAnnounce holds the parser against a naive one on net/url wherever
// net/url takes the query at all, and against what must hold for any input.
func FuzzParseAnnounce(f *testing.F) {
	for _, seed := range announceSeeds {
		f.Add(seed, true, false)
		f.Add(seed, false, true)
	}
	f.Fuzz(func(t *testing.T, query string, trustIP, overIPv6 bool) {
		client := client
		if overIPv6 {
			client = netip.MustParseAddr("2001:db8::1")
		}
		got, err := ParseAnnounce(query, client, trustIP)
		checkAnnounce(t, got, err, client, trustIP)

		values, urlErr := parseByURL(query)
		if urlErr != nil {
			return
		}
		want, ok := naiveAnnounce(values, client, trustIP)
		if ok != (err == nil) || ok && got != want {
			t.Errorf("query %q\ngot   %+v, %v\nnaive %+v, %t", query, got, err, want, ok)
		}
	})
}

func checkAnnounce(t *testing.T, got tracker.AnnounceRequest, err error, client netip.Addr, trustIP bool) {
	t.Helper()
	var fault tracker.ClientError
	switch {
	case err != nil:
		if !errors.As(err, &fault) || got != (tracker.AnnounceRequest{}) {
			t.Errorf("error %v with %+v", err, got)
		}
	case !got.Addr.Addr().IsValid() || got.Addr.Port() == 0 && got.Event != tracker.EventStopped:
		t.Errorf("nobody can dial %s", got.Addr)
	case got.Also.IsValid() && got.Also.Addr().Is4() == got.Addr.Addr().Is4():
		t.Errorf("%s and %s are of one family", got.Addr, got.Also)
	case len(got.Key) > tracker.MaxKey || got.NumWant < tracker.NumWantDefault:
		t.Errorf("out of bounds: %+v", got)
	case got.Left > tracker.MaxLeft && got.Left != tracker.LeftUnknown:
		t.Errorf("left is %d", got.Left)
	case !trustIP && (got.Addr.Addr() != client || got.Also.IsValid()):
		t.Errorf("%s believed from anybody", got.Addr)
	}
}

// parseByURL reads a query with net/url, to which a plus is a blank; with blanks each key begins
// with "blank:".
func parseByURL(query string) (url.Values, error) {
	values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B"))
	withBlanks, _ := url.ParseQuery(query)
	for key := range withBlanks {
		values["blank:"+key] = withBlanks[key]
	}
	return values, err
}

// naiveAnnounce reads the table of BEP 3 from a map. It is not ok if any
// parameter is malformed.
func naiveAnnounce(values url.Values, client netip.Addr, trustIP bool) (req tracker.AnnounceRequest, ok bool) {
	hash, id := values.Get("info_hash"), values.Get("peer_id")
	if len(hash) != 20 || len(id) != 20 {
		return req, false
	}
	req.InfoHash, req.PeerID = tracker.InfoHash([]byte(hash)), tracker.PeerID([]byte(id))
	if blank := values.Get("blank:info_hash"); blank != hash {
		req.WithBlanks = tracker.InfoHash([]byte(blank))
	}

	words := map[string]tracker.Event{
		"started": tracker.EventStarted, "completed": tracker.EventCompleted,
		"stopped": tracker.EventStopped, "paused": tracker.EventPaused,
	}
	req.Event = words[values.Get("event")]
	port, good := naiveNumber(values, "port", 0)
	if !good || port > 65535 || port == 0 && (!values.Has("port") || req.Event != tracker.EventStopped) {
		return req, false
	}
	var goodUp, goodDown, goodLeft bool
	req.Uploaded, goodUp = naiveNumber(values, "uploaded", 0)
	req.Downloaded, goodDown = naiveNumber(values, "downloaded", 0)
	req.Left, goodLeft = naiveSigned(values, "left", tracker.MaxLeft, tracker.LeftUnknown, tracker.LeftUnknown)
	want, goodWant := naiveSigned(values, "numwant", 1<<31-1, 1<<31-1, 1<<31)
	if req.NumWant = int(want); want == 1<<31 {
		req.NumWant = -1
	}
	req.Key = values.Get("key")
	if len(req.Key) > 32 {
		req.Key = req.Key[:32]
	}
	req.Compact = values.Get("compact") != "0"
	req.NoPeerID = values.Get("no_peer_id") == "1"
	req.Addr = netip.AddrPortFrom(client, uint16(port))
	if trustIP {
		naiveAddresses(&req, values, uint16(port))
	}
	return req, goodUp && goodDown && goodLeft && goodWant
}

var naiveDigits = regexp.MustCompile(`^-?[0-9]+$`)

// naiveSigned reads a number by arithmetic without bounds. None, and one below zero, are unknown; one
// above most is beyond.
func naiveSigned(values url.Values, key string, most, beyond, unknown uint64) (n uint64, good bool) {
	text := values.Get(key)
	if text == "" {
		return unknown, true
	}
	number, _ := new(big.Int).SetString(text, 10)
	switch {
	case !naiveDigits.MatchString(text):
		return 0, false
	case text[0] == '-':
		return unknown, true
	case number.Cmp(new(big.Int).SetUint64(most)) > 0:
		return beyond, true
	}
	return number.Uint64(), true
}

func naiveNumber(values url.Values, key string, missing uint64) (n uint64, good bool) {
	n, good = naiveSigned(values, key, math.MaxUint64, math.MaxUint64, missing)
	return n, good && !strings.HasPrefix(values.Get(key), "-")
}

func naiveAddresses(req *tracker.AnnounceRequest, values url.Values, port uint16) {
	dialable := func(key string) (netip.AddrPort, bool) {
		text := values.Get(key)
		named, err := netip.ParseAddrPort(text)
		if err == nil && named.Port() == 0 {
			return named, false
		}
		if addr, err := netip.ParseAddr(text); err == nil {
			named = netip.AddrPortFrom(addr, port)
		}
		addr := named.Addr().Unmap()
		good := addr.IsValid() && addr.Zone() == "" && naiveReachable(addr.AsSlice())
		return netip.AddrPortFrom(addr, named.Port()), good
	}
	if named, good := dialable("ip"); good {
		req.Addr = named
	}
	for _, key := range []string{"ipv4", "ipv6"} {
		named, good := dialable(key)
		if good && named.Addr().BitLen() == req.Addr.Addr().BitLen() {
			req.Addr = named
		} else if good {
			req.Also = named
		}
	}
}

// naiveReachable looks at the bytes of an address. The clients of this test are on no loopback.
func naiveReachable(ip []byte) bool {
	if len(ip) == 4 {
		return ip[0] != 0 && ip[0] != 127 && ip[0] < 224 && (ip[0] != 169 || ip[1] != 254)
	}
	switch {
	case bytes.Equal(ip[:12], []byte{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}),
		bytes.Equal(ip[:12], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}):
		return naiveReachable(ip[12:])
	case ip[0] == 0x20 && ip[1] == 2:
		return naiveReachable(ip[2:6])
	}
	return ip[0] != 0xff && (ip[0] != 0xfe || ip[1]&0xc0 != 0x80) &&
		!bytes.Equal(ip[:12], make([]byte, 12)) && !bytes.Equal(ip[:8], []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

func FuzzParseScrape(f *testing.F) {
	f.Add("")
	f.Add(hashQuery)
	f.Add(hashQuery + "&" + hashQuery + "&info_hash=aaaaaaaaaaaaaaaaaaaa")
	f.Add("info_hash=+%2b345678901234567890&x")
	f.Add("info_hash=%zz&info_hash")
	f.Add(strings.Repeat("info_hash=aaaaaaaaaaaaaaaaaaaa&", 129))
	f.Fuzz(func(t *testing.T, query string) {
		got, err := ParseScrape(query)
		var fault tracker.ClientError
		if err != nil && (!errors.As(err, &fault) || got != nil) {
			t.Fatalf("error %v with %v", err, got)
		}
		values, urlErr := parseByURL(query)
		if urlErr != nil {
			return
		}
		var want []tracker.InfoHash
		ok := len(values["info_hash"]) <= 128
		for i, text := range values["info_hash"] {
			if len(text) != 20 {
				ok = false
				break
			}
			for _, text := range []string{text, values["blank:info_hash"][i]} {
				if hash := tracker.InfoHash([]byte(text)); !slices.Contains(want, hash) {
					want = append(want, hash)
				}
			}
		}
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Errorf("query %q: got %v, %v; net/url says %v, %t", query, got, err, want, ok)
		}
	})
}

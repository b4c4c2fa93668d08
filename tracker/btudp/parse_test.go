package btudp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestParseAnnounce(t *testing.T) {
	got, err := ParseAnnounce(unhex(announce), client4)
	if err != nil {
		t.Fatal(err)
	}
	want := tracker.AnnounceRequest{
		InfoHash:   tracker.InfoHash(unhex(partHash)),
		PeerID:     tracker.PeerID([]byte("-LT2080-le0BR5aEmEw_")),
		Downloaded: 1, Left: 2, Uploaded: 3,
		Event:   tracker.EventStarted,
		Key:     "fe3fcfea",
		NumWant: tracker.NumWantDefault,
		Addr:    netip.MustParseAddrPort("192.0.2.7:6881"),
		Compact: true,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseAnnounceFields(t *testing.T) {
	const sum = `00000000 00000000`
	packet := func(left, event, numWant, port string) []byte {
		return unhex(partHead + partHash + partPeerID + sum + left + sum + event + `0a010203` + `00000000` + numWant + port)
	}
	for _, test := range []struct {
		name   string
		packet []byte
		check  func(tracker.AnnounceRequest) bool
	}{
		{"completed", packet(sum, `00000001`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Event == tracker.EventCompleted }},
		{"paused", packet(sum, `00000004`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Event == tracker.EventPaused }},
		{"an event nobody knows", packet(sum, `00000005`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Event == tracker.EventNone }},
		{"an event below zero", packet(sum, `ffffffff`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Event == tracker.EventNone }},
		{"stopped, and port 0", packet(sum, `00000003`, `00000000`, `0000`), func(r tracker.AnnounceRequest) bool {
			return r.Event == tracker.EventStopped && r.Addr.Port() == 0
		}},
		{"port above 2^15", packet(sum, `00000000`, `00000000`, `ffff`), func(r tracker.AnnounceRequest) bool { return r.Addr.Port() == 65535 }},
		{"left 2^63-1", packet(`7fffffff ffffffff`, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Left == tracker.LeftUnknown }},
		{"left -1", packet(`ffffffff ffffffff`, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Left == tracker.LeftUnknown }},
		{"left 2^43", packet(`00000800 00000000`, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Left == 1<<43 }},
		{"left 2^43+1", packet(`00000800 00000001`, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Left == tracker.LeftUnknown }},
		{"numwant 0", packet(sum, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.NumWant == 0 }},
		{"numwant 200", packet(sum, `00000000`, `000000c8`, `0001`), func(r tracker.AnnounceRequest) bool { return r.NumWant == 200 }},
		{"numwant -2", packet(sum, `00000000`, `fffffffe`, `0001`), func(r tracker.AnnounceRequest) bool { return r.NumWant == tracker.NumWantDefault }},
		{"ip", packet(sum, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Addr.Addr() == client4 && !r.Also.IsValid() }},
		{"key 0", packet(sum, `00000000`, `00000000`, `0001`), func(r tracker.AnnounceRequest) bool { return r.Key == "00000000" }},
	} {
		if got, err := ParseAnnounce(test.packet, client4); err != nil || !test.check(got) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func TestParseAnnounceFaults(t *testing.T) {
	whole := unhex(announce)
	for size := range announceSize {
		if got, err := ParseAnnounce(whole[:size], client4); err != errAnnounceSize || got != (tracker.AnnounceRequest{}) {
			t.Fatalf("%d bytes: %+v, %v", size, got, err)
		}
	}
	for _, event := range []string{`00000000`, `00000001`, `00000002`, `00000004`} {
		if _, err := ParseAnnounce(withTail(event+`00000000 00000000 ffffffff 0000`), client4); err != errPort {
			t.Errorf("port 0 with event %s: %v", event, err)
		}
	}
}

// optionsBehind are BEP 41's, whole and broken, and what is none.
var optionsBehind = []string{
	``, `00`, `0000`, `00 02ff`, `01`, `0203 2f613f`, `0200`, `0201 2f 0201 61`, `ff02 0102`,
	`02`, `0201`, `0203 2f61`, `0201 2f 02`, `01 ff02 01`, `02ff` + strings.Repeat(`2f`, 255), strings.Repeat(`ff`, 19),
}

func TestOptionsAreIgnored(t *testing.T) {
	want, err := ParseAnnounce(unhex(announce), client4)
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range optionsBehind {
		if got, err := ParseAnnounce(unhex(announce+options), client4); err != nil || got != want {
			t.Errorf("%s behind an announce: %+v, %v", options, got, err)
		}
		hashes, err := ParseScrape(append(scrapePacket(1, 2), unhex(options)...))
		if err != nil || len(hashes) < 2 || hashes[0][0] != 1 || hashes[1][0] != 2 {
			t.Errorf("%s behind a scrape: %v, %v", options, hashes, err)
		}
	}
}

func TestParseScrape(t *testing.T) {
	hashes, err := ParseScrape(scrapePacket(1, 2, 1))
	if err != nil || len(hashes) != 3 || hashes[0] != hashes[2] || hashes[1][0] != 2 || hashes[1][19] != 2 {
		t.Errorf("%v, %v", hashes, err)
	}
	most := scrapePacket([]byte(strings.Repeat("x", maxScrape))...)
	if hashes, err := ParseScrape(most); err != nil || len(hashes) != maxScrape {
		t.Errorf("%d hashes, %v", len(hashes), err)
	}
	for _, test := range []struct {
		packet []byte
		want   error
	}{
		{scrapePacket(), errScrapeAll},
		{scrapePacket(1)[:35], errScrapeAll},
		{append(most, scrapePacket(1)[headerSize:]...), errManyHashes},
	} {
		if _, err := ParseScrape(test.packet); err != test.want {
			t.Errorf("%d bytes: %v, want %v", len(test.packet), err, test.want)
		}
	}
}

// Errors may be shown, and fit into any packet.
func TestFaultsAreClientErrors(t *testing.T) {
	for _, err := range []error{errAnnounceSize, errPort, errScrapeAll, errManyHashes, errAction} {
		var fault tracker.ClientError
		if !errors.As(err, &fault) || len(fault) > 60 {
			t.Errorf("%v", err)
		}
	}
}

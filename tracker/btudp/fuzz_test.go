package btudp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// wireAnnounce is BEP 15's table, for encoding/binary.
type wireAnnounce struct {
	ConnectionID               uint64
	Action, TransactionID      uint32
	InfoHash                   [20]byte
	PeerID                     [20]byte
	Downloaded, Left, Uploaded int64
	Event                      int32
	IP, Key                    uint32
	NumWant                    int32
	Port                       uint16
}

// naiveAnnounce reads an announce by that table.
func naiveAnnounce(packet []byte, client netip.Addr) (req tracker.AnnounceRequest, ok bool) {
	var w wireAnnounce
	if err := binary.Read(bytes.NewReader(packet), binary.BigEndian, &w); err != nil {
		return req, false
	}
	if w.Port == 0 && w.Event != 3 {
		return req, false
	}
	req = tracker.AnnounceRequest{
		InfoHash: w.InfoHash, PeerID: w.PeerID, Key: fmt.Sprintf("%08x", w.Key),
		Addr:     netip.AddrPortFrom(client, w.Port),
		Uploaded: uint64(w.Uploaded), Downloaded: uint64(w.Downloaded), Left: uint64(w.Left),
		NumWant: int(w.NumWant), Compact: true,
	}
	if w.NumWant < 0 {
		req.NumWant = -1
	}
	if w.Left < 0 || w.Left > tracker.MaxLeft {
		req.Left = tracker.LeftUnknown
	}
	if w.Event >= 0 && w.Event <= 4 {
		req.Event = tracker.Event(w.Event)
	}
	return req, true
}

func FuzzParseAnnounce(f *testing.F) {
	f.Add(unhex(announce))
	f.Add(unhex(announce)[:97])
	for _, options := range optionsBehind {
		f.Add(unhex(announce + options))
	}
	f.Add(withTail(`00000003 7f000001 00000000 00000000 0000`))
	f.Fuzz(func(t *testing.T, packet []byte) {
		before := bytes.Clone(packet)
		got, err := ParseAnnounce(packet, client6)
		want, ok := naiveAnnounce(packet, client6)
		if ok != (err == nil) || got != want {
			t.Errorf("%x\ngot   %+v, %v\nnaive %+v, %t", packet, got, err, want, ok)
		}
		if !bytes.Equal(packet, before) {
			t.Error("the packet was changed")
		}
	})
}

// FuzzReceive sends any packet to a server, as it is and with a good connection id, and
// holds what must hold for any: without one nothing is answered but a request for one,
// with no more bytes than came, and the tracker is not asked.
func FuzzReceive(f *testing.F) {
	f.Add(connectPacket)
	f.Add(unhex(announce))
	f.Add(scrapePacket(1, 2))
	f.Add(unhex(`00000417 27101980  00000000`))
	f.Add(unhex(`11223344 55667788  00000003  74786964`))
	s := newTestServer(&fixedSwarm{})
	now := time.Unix(1_800_000_000, 0)
	id, _ := makeID(someSecret, now, client4)
	f.Fuzz(func(t *testing.T, packet []byte) {
		reply, r := s.receive(nil, packet, client4, now)
		if len(reply) > len(packet) || r != nil {
			t.Errorf("%d bytes are answered by %x, %+v", len(packet), reply, r)
		}
		if len(packet) < headerSize {
			return
		}
		checkReceived(t, s, with(id, packet), now)
	})
}

// checkReceived looks at what becomes of a packet with a good connection id.
func checkReceived(t *testing.T, s *Server, packet []byte, now time.Time) {
	t.Helper()
	reply, r := s.receive([]byte("before"), packet, client4, now)
	body, kept := bytes.CutPrefix(reply, []byte("before"))
	if !kept {
		t.Fatalf("reply is %x", reply)
	}
	switch action := be32(packet[8:]); {
	case action == 0:
		if len(body) != 0 || r != nil { // a good id is not the protocol's
			t.Errorf("answered by %x", body)
		}
	case r == nil && (be32(body) != actionError || !bytes.Equal(body[4:8], packet[12:16])):
		t.Errorf("answered by %x", body)
	case r != nil && (len(body) != 0 || r.action != action || r.transactionID != be32(packet[12:])):
		t.Errorf("answered by %x, %+v", body, r)
	case r != nil && action == actionScrape && (len(packet)-headerSize)/20 != len(r.hashes):
		t.Errorf("%d bytes have %d hashes", len(packet), len(r.hashes))
	}
}

package main

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// The packets are laid out as in BEP 15.
func TestPackets(t *testing.T) {
	if got := hex.EncodeToString(appendConnect(nil, 0x01020304)); got != "0000041727101980"+"00000000"+"01020304" {
		t.Errorf("connect %s", got)
	}
	c, err := newPopulation(2, 1, workload{transfers: 1})
	if err != nil {
		t.Fatal(err)
	}
	h := &c.hosts[1]
	h.connection.id, h.left = 0x1122334455667788, 0x1000
	got := hex.EncodeToString(appendAnnounce(nil, announce{host: h, event: eventStopped, want: 30}, 5))
	want := "1122334455667788" + "00000001" + "00000005" + hex.EncodeToString(h.hash[:]) +
		hex.EncodeToString([]byte("-AB0001-000000000001")) +
		"0000000000003000" + "0000000000001000" + "0000000000000000" + // downloaded, left, uploaded
		"00000003" + "00000000" + "00000001" + "0000001e" + "1ae1" // event, IP address, key, num_want, port
	if got != want {
		t.Errorf("announce %s, want %s", got, want)
	}
}

func TestConnectionIDsAreGoodForAMinute(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{0: true, time.Minute - 1: true, time.Minute: false} {
		if got := (connection{since: now.Add(-age)}).good(now); got != want {
			t.Errorf("after %v: %t", age, got)
		}
	}
	if (connection{}).good(now) {
		t.Error("good without one")
	}
}

func TestUDPReplies(t *testing.T) {
	for length, want := range map[int]int{0: -1, 11: -1, 12: 0, 13: -1, 18: 1, 192: 30} {
		r, err := parseAnnounced(make([]byte, length))
		if (err == nil) != (want >= 0) || err == nil && r.peers != want {
			t.Errorf("%d bytes: %+v, %v; want %d", length, r, err, want)
		}
	}
	if id, err := parseConnected(binary.BigEndian.AppendUint64(nil, 77)); id != 77 || err != nil {
		t.Errorf("%d, %v", id, err)
	}
	if _, err := parseConnected([]byte(strings.Repeat("x", 7))); err == nil {
		t.Error("a short id is one")
	}
}

func FuzzUDPReplies(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x00\x00\x00\x07hello"), uint32(7))
	f.Fuzz(func(t *testing.T, packet []byte, transaction uint32) {
		_, body, ours := parseUDP(packet, transaction)
		if ours && (len(packet) != len(body)+8 || binary.BigEndian.Uint32(packet[4:]) != transaction) {
			t.Errorf("%x is taken for a reply to %d", packet, transaction)
		}
	})
}

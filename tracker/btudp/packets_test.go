package btudp

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

var connectPacket = unhex(`00000417 27101980  00000000  636f6e6e`)

// The parts of an announce, as BEP 15 lists them.
const (
	partHead   = `11223344 55667788  00000001  74786964`
	partHash   = `88178f83 7c246371 fdfa6355 f1eb987f 719da63d`
	partPeerID = `2d4c5432 3038302d 6c653042 52356145 6d45775f` // -LT2080-le0BR5aEmEw_
	partSums   = `00000000 00000001  00000000 00000002  00000000 00000003`
	partTail   = `00000002  00000000  fe3fcfea  ffffffff  1ae1`
	announce   = partHead + partHash + partPeerID + partSums + partTail
)

// withTail is an announce that ends otherwise.
func withTail(tail string) []byte { return unhex(partHead + partHash + partPeerID + partSums + tail) }

// unhex reads hexadecimal digits and blanks.
func unhex(digits string) []byte {
	packet, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		panic(err)
	}
	return packet
}

// with replaces the connection id of a packet.
func with(id uint64, packet []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, id), packet[8:]...)
}

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// scrapePacket names hashes of one repeated byte each.
func scrapePacket(bytes ...byte) []byte {
	packet := unhex(`11223344 55667788  00000002  74786964`)
	for _, b := range bytes {
		packet = append(packet, strings.Repeat(string([]byte{b}), 20)...)
	}
	return packet
}

// checkError holds that a reply is an error to the transaction "txid".
func checkError(t testing.TB, reply []byte, text string) {
	t.Helper()
	if want := "\x00\x00\x00\x03txid" + text; string(reply) != want {
		t.Errorf("reply is %q, want %q", reply, want)
	}
}

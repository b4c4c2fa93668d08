package btudp

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The faults of a request. They are static, and hold nothing of it.
const (
	errAnnounceSize = tracker.ClientError("an announce has 98 bytes or more")
	errPort         = tracker.ClientError("port must be 1 to 65535")
	errScrapeAll    = tracker.ClientError("a scrape must name an info hash")
	errManyHashes   = tracker.ClientError("a scrape may name 74 info hashes at most")
	errAction       = tracker.ClientError("action must be connect, announce or scrape")
)

// The actions of BEP 15, in requests and replies alike.
const (
	actionConnect uint32 = iota
	actionAnnounce
	actionScrape
	actionError
)

// protocolID stands where the connection id is to be, in a request for one.
const protocolID = 0x41727101980

const (
	headerSize   = 16 // of a request: connection id, action, transaction id
	announceSize = 98 // of an announce without options
	hashSize     = len(tracker.InfoHash{})
	maxScrape    = 74 // info hashes in a scrape: what BEP 15 says fits into a packet
)

// header begins every request.
type header struct {
	connectionID  uint64
	action        uint32
	transactionID uint32
}

// parseHeader reads the header of a packet, if it is long enough to have one.
func parseHeader(packet []byte) (h header, ok bool) {
	if len(packet) < headerSize {
		return h, false
	}
	return header{
		connectionID:  binary.BigEndian.Uint64(packet),
		action:        binary.BigEndian.Uint32(packet[8:]),
		transactionID: binary.BigEndian.Uint32(packet[12:]),
	}, true
}

// ParseAnnounce reads an announce (BEP 15). Client is the packet's source: the field for
// another address is ignored, and so are options behind the announce (BEP 41), of which none
// means anything here: well-formed, malformed or cut off. Errors are tracker.ClientError. It
// costs no memory but the eight digits of Key.
func ParseAnnounce(packet []byte, client netip.Addr) (tracker.AnnounceRequest, error) {
	if len(packet) < announceSize {
		return tracker.AnnounceRequest{}, errAnnounceSize
	}
	port := binary.BigEndian.Uint16(packet[96:])
	req := tracker.AnnounceRequest{
		InfoHash:   tracker.InfoHash(packet[16:36]),
		PeerID:     tracker.PeerID(packet[36:56]),
		Downloaded: binary.BigEndian.Uint64(packet[56:]),
		Left:       tracker.KnownLeft(binary.BigEndian.Uint64(packet[64:])),
		Uploaded:   binary.BigEndian.Uint64(packet[72:]),
		Event:      parseEvent(binary.BigEndian.Uint32(packet[80:])),
		Key:        parseKey([4]byte(packet[88:92])),
		NumWant:    max(int(int32(binary.BigEndian.Uint32(packet[92:]))), tracker.NumWantDefault),
		Addr:       netip.AddrPortFrom(client, port),
		Compact:    true,
	}
	// A client that stops may no longer listen, and says 0.
	if port == 0 && req.Event != tracker.EventStopped {
		return tracker.AnnounceRequest{}, errPort
	}
	return req, nil
}

// parseEvent reads an event. BEP 15 has no number for paused; libtorrent sends the next one. An
// unknown event is none, as over HTTP.
func parseEvent(event uint32) tracker.Event {
	if event > uint32(tracker.EventPaused) {
		return tracker.EventNone
	}
	return tracker.Event(event)
}

// parseKey writes a key as clients do over HTTP: a host that announces by both is one.
func parseKey(key [4]byte) string {
	var digits [2 * len(key)]byte
	hex.Encode(digits[:], key[:])
	return string(digits[:])
}

// ParseScrape reads the info hashes of a scrape, one at least, in their order; one that
// is named twice is in it twice. Options behind them (BEP 41) are ignored: fewer bytes than a
// hash has are, and more seem to be one that nobody knows, whose counts the client does not
// read. Errors are tracker.ClientError.
func ParseScrape(packet []byte) ([]tracker.InfoHash, error) {
	count := (len(packet) - headerSize) / hashSize
	switch {
	case count == 0:
		return nil, errScrapeAll
	case count > maxScrape:
		return nil, errManyHashes
	}
	hashes := make([]tracker.InfoHash, count)
	for i := range hashes {
		hashes[i] = tracker.InfoHash(packet[headerSize+i*hashSize:])
	}
	return hashes, nil
}

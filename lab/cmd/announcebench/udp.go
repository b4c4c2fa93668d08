package main

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The numbers of BEP 15.
const (
	protocolID     = 0x41727101980
	actionConnect  = 0
	actionAnnounce = 1
	actionError    = 3
	// connectionLife is how long a client may use a connection id.
	connectionLife = time.Minute
)

// connection is the id with which a tracker knows a host's address to be its own.
type connection struct {
	id    uint64
	since time.Time
}

func (c connection) good(now time.Time) bool {
	return !c.since.IsZero() && now.Sub(c.since) < connectionLife
}

func appendConnect(dst []byte, transaction uint32) []byte {
	dst = binary.BigEndian.AppendUint64(dst, protocolID)
	dst = binary.BigEndian.AppendUint32(dst, actionConnect)
	return binary.BigEndian.AppendUint32(dst, transaction)
}

func appendAnnounce(dst []byte, a announce, transaction uint32) []byte {
	dst = binary.BigEndian.AppendUint64(dst, a.connection.id)
	dst = binary.BigEndian.AppendUint32(dst, actionAnnounce)
	dst = binary.BigEndian.AppendUint32(dst, transaction)
	dst = append(dst, a.hash[:]...)
	dst = appendPeerID(dst, a.number)
	dst = binary.BigEndian.AppendUint64(dst, payload-a.left) // downloaded
	dst = binary.BigEndian.AppendUint64(dst, a.left)
	dst = binary.BigEndian.AppendUint64(dst, 0) // uploaded
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.event))
	dst = binary.BigEndian.AppendUint32(dst, 0) // IP address: the sender's
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.number))
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.want))
	return binary.BigEndian.AppendUint16(dst, peerPort)
}

// parseUDP reads a packet. It is not ours if it answers another one than our last.
func parseUDP(packet []byte, transaction uint32) (action uint32, body []byte, ours bool) {
	if len(packet) < 8 || binary.BigEndian.Uint32(packet[4:]) != transaction {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(packet), packet[8:], true
}

// parseConnected reads what follows in the reply to a connect.
func parseConnected(body []byte) (uint64, error) {
	if len(body) != 8 {
		return 0, fmt.Errorf("connect answered with %d bytes", 8+len(body))
	}
	return binary.BigEndian.Uint64(body), nil
}

// parseAnnounced reads what follows in the reply to an announce over IPv4: interval,
// leechers, seeders, peers.
func parseAnnounced(body []byte) (reply, error) {
	if len(body) < 12 || len(body)%6 != 0 {
		return reply{}, fmt.Errorf("announce answered with %d bytes", 8+len(body))
	}
	return reply{peers: len(body)/6 - 2}, nil
}

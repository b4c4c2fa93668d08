package btudp

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Sizes of a peer, an address and a port (BEP 15).
const (
	peerSize4 = 4 + 2
	peerSize6 = 16 + 2
)

// maxReply is what surely passes in one piece: an Ethernet frame's 1,500 bytes without
// the headers of IPv6 and UDP.
const maxReply = 1500 - 40 - 8

// announceHead is the size of an announce's reply without peers.
const announceHead = 20

// AppendConnect appends the reply to a request for a connection id.
func AppendConnect(dst []byte, transactionID uint32, connectionID uint64) []byte {
	dst = appendHead(dst, actionConnect, transactionID)
	return binary.BigEndian.AppendUint64(dst, connectionID)
}

// AppendAnnounce appends the reply to an announce. Its peers have addresses of the
// client's own family only: nothing tells one from the other. Those that do not fit into
// a packet, from the 80th of IPv6 on, are left out.
func AppendAnnounce(dst []byte, transactionID uint32, client netip.Addr, resp tracker.AnnounceResponse) []byte {
	end := len(dst) + maxReply
	dst = appendHead(dst, actionAnnounce, transactionID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(seconds(resp.Interval)))
	dst = appendCount(dst, resp.Incomplete)
	dst = appendCount(dst, resp.Complete)
	for i := range resp.Peers {
		if client.Is4() {
			dst = appendPeer(dst, resp.Peers[i].Addr4)
		} else if len(dst)+peerSize6 <= end {
			dst = appendPeer(dst, resp.Peers[i].Addr6)
		}
	}
	return dst
}

// appendPeer appends an address of either family and a port; nothing if there is none.
func appendPeer(dst []byte, addr netip.AddrPort) []byte {
	if !addr.IsValid() {
		return dst
	}
	dst, _ = addr.Addr().AppendBinary(dst) // never fails
	return binary.BigEndian.AppendUint16(dst, addr.Port())
}

// AppendScrape appends the reply to a scrape: a line of counts for each hash, in the
// order of the hashes, and zeros for what is not in entries.
func AppendScrape(dst []byte, transactionID uint32, hashes []tracker.InfoHash, entries []tracker.ScrapeEntry) []byte {
	dst = appendHead(dst, actionScrape, transactionID)
	for _, hash := range hashes {
		var entry tracker.ScrapeEntry
		if i := slices.IndexFunc(entries, func(e tracker.ScrapeEntry) bool { return e.InfoHash == hash }); i >= 0 {
			entry = entries[i]
		}
		dst = appendCount(dst, entry.Complete)
		dst = appendCount(dst, entry.Downloaded)
		dst = appendCount(dst, entry.Incomplete)
	}
	return dst
}

// errorHead is the size of an error without its text.
const errorHead = 8

// AppendError appends an error, whose text the client shows to its user.
func AppendError(dst []byte, transactionID uint32, text string) []byte {
	return append(appendHead(dst, actionError, transactionID), text...)
}

func appendHead(dst []byte, action, transactionID uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, action)
	return binary.BigEndian.AppendUint32(dst, transactionID)
}

// appendCount appends a count of hosts. Clients read them as signed.
func appendCount(dst []byte, count int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(min(max(count, 0), math.MaxInt32)))
}

// seconds is an interval as it is sent: whole, and never 0, which some clients take for
// "at once".
func seconds(d time.Duration) int64 {
	return min(max(int64(d/time.Second), 1), math.MaxInt32)
}

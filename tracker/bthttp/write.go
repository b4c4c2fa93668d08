package bthttp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Replies are appended by hand: an announce is mostly this, and a general
// encoder costs more than all its bytes are worth. Keys stand in the order of
// their bytes, as bencoding wants them.

// Sizes of a peer in compact form.
const (
	compact4 = 4 + 2  // BEP 23
	compact6 = 16 + 2 // BEP 7
)

// AppendAnnounce appends the reply to an announce: a bencoded dictionary
// (BEP 3, 7, 23, 24). It always has peers, without which rtorrent fails, and
// peers6 if there are any: a client that finds none takes it for empty. A host
// with two addresses is in both. Dictionaries carry both families in one list.
func AppendAnnounce(dst []byte, req tracker.AnnounceRequest, resp tracker.AnnounceResponse) []byte {
	dst = append(dst, 'd')
	dst = appendIntField(dst, "complete", int64(resp.Complete))
	dst = appendIntField(dst, "downloaded", int64(resp.Downloaded))
	dst = appendExternalIP(dst, resp.ExternalIP)
	dst = appendIntField(dst, "incomplete", int64(resp.Incomplete))
	dst = appendIntField(dst, "interval", seconds(resp.Interval))
	dst = appendIntField(dst, "min interval", seconds(resp.MinInterval))
	if req.Compact {
		dst = appendCompact(dst, resp.Peers)
	} else {
		dst = appendDictionaries(dst, resp.Peers, !req.NoPeerID)
	}
	if resp.Warning != "" {
		dst = appendString(dst, "warning message")
		dst = appendString(dst, resp.Warning)
	}
	return append(dst, 'e')
}

// AppendFailure appends the reply to a request that failed (BEP 3, 31).
func AppendFailure(dst []byte, failure tracker.Failure) []byte {
	dst = append(dst, 'd')
	dst = appendString(dst, "failure reason")
	dst = appendString(dst, failure.Reason)
	dst = appendIntField(dst, "interval", seconds(failure.Interval))
	dst = appendString(dst, "retry in")
	if failure.Never {
		dst = appendString(dst, "never")
	} else {
		dst = appendInt(dst, 1) // minute
	}
	return append(dst, 'e')
}

// AppendScrape appends the reply to a scrape (BEP 48, 21). It sorts entries by
// their info hash.
func AppendScrape(dst []byte, entries []tracker.ScrapeEntry) []byte {
	slices.SortFunc(entries, func(a, b tracker.ScrapeEntry) int {
		return bytes.Compare(a.InfoHash[:], b.InfoHash[:])
	})
	dst = append(dst, "d5:filesd"...)
	for _, entry := range entries {
		dst = appendBytes(dst, entry.InfoHash[:])
		dst = append(dst, 'd')
		dst = appendIntField(dst, "complete", int64(entry.Complete))
		dst = appendIntField(dst, "downloaded", int64(entry.Downloaded))
		dst = appendIntField(dst, "downloaders", int64(entry.Downloaders))
		dst = appendIntField(dst, "incomplete", int64(entry.Incomplete))
		dst = append(dst, 'e')
	}
	return append(dst, "ee"...)
}

// appendCompact appends peers and, if there are any, peers6.
func appendCompact(dst []byte, peers []tracker.Peer) []byte {
	var count4, count6 int
	for i := range peers {
		if peers[i].Addr4.IsValid() {
			count4++
		}
		if peers[i].Addr6.IsValid() {
			count6++
		}
	}
	dst = appendString(dst, "peers")
	dst = appendLength(dst, count4*compact4)
	for i := range peers {
		dst = appendEndpoint(dst, peers[i].Addr4)
	}
	if count6 == 0 {
		return dst
	}
	dst = appendString(dst, "peers6")
	dst = appendLength(dst, count6*compact6)
	for i := range peers {
		dst = appendEndpoint(dst, peers[i].Addr6)
	}
	return dst
}

// appendEndpoint appends an address of either family and a port; nothing if there is none.
func appendEndpoint(dst []byte, addr netip.AddrPort) []byte {
	if !addr.IsValid() {
		return dst
	}
	dst, _ = addr.Addr().AppendBinary(dst) // never fails
	return binary.BigEndian.AppendUint16(dst, addr.Port())
}

// appendDictionaries appends peers as BEP 3 first had them.
func appendDictionaries(dst []byte, peers []tracker.Peer, withID bool) []byte {
	dst = appendString(dst, "peers")
	dst = append(dst, 'l')
	for i := range peers {
		for _, addr := range [...]netip.AddrPort{peers[i].Addr4, peers[i].Addr6} {
			if addr.IsValid() {
				dst = appendDictionary(dst, addr, peers[i].ID, withID)
			}
		}
	}
	return append(dst, 'e')
}

func appendDictionary(dst []byte, addr netip.AddrPort, id tracker.PeerID, withID bool) []byte {
	dst = append(dst, 'd')
	dst = appendString(dst, "ip")
	dst = appendString(dst, addr.Addr().String())
	if withID {
		dst = appendString(dst, "peer id")
		dst = appendBytes(dst, id[:])
	}
	dst = appendIntField(dst, "port", int64(addr.Port()))
	return append(dst, 'e')
}

// appendExternalIP appends the client's own address, 4 or 16 bytes (BEP 24).
func appendExternalIP(dst []byte, addr netip.Addr) []byte {
	if !addr.IsValid() {
		return dst
	}
	addr = tracker.PlainAddr(addr)
	dst = appendString(dst, "external ip")
	dst = appendLength(dst, addr.BitLen()/8)
	dst, _ = addr.AppendBinary(dst) // never fails
	return dst
}

// seconds is an interval as it is sent: whole, and never 0, which some clients
// take for "at once".
func seconds(d time.Duration) int64 { return max(int64(d/time.Second), 1) }

func appendIntField(dst []byte, key string, n int64) []byte {
	return appendInt(appendString(dst, key), n)
}

func appendInt(dst []byte, n int64) []byte {
	dst = append(dst, 'i')
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, 'e')
}

func appendString(dst []byte, text string) []byte {
	return append(appendLength(dst, len(text)), text...)
}

func appendBytes(dst, text []byte) []byte {
	return append(appendLength(dst, len(text)), text...)
}

func appendLength(dst []byte, n int) []byte {
	return append(strconv.AppendInt(dst, int64(n), 10), ':')
}

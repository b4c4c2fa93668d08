package tracker

import (
	"math"
	"net/netip"
	"time"
)

// LeftUnknown is AnnounceRequest.Left of a client that does not know how much
// it lacks: a leecher whose progress is not known.
const LeftUnknown = math.MaxUint64

// MaxLeft is the most bytes that a client is believed to lack: a million hosts that lack 8 TiB each
// fit into the 63 bits of a sum in Redis.
const MaxLeft = 1 << 43

// KnownLeft is what a client lacks that says it lacks so many bytes: LeftUnknown if they are more
// than MaxLeft. Clients say 2^63-1 or 2^64-1 (BEP 15) where they do not know.
func KnownLeft(bytes uint64) uint64 {
	if bytes > MaxLeft {
		return LeftUnknown
	}
	return bytes
}

// MaxKey is how many bytes an announce's key may have. Clients send eight.
const MaxKey = 64

// NumWantDefault is AnnounceRequest.NumWant of a client that names none.
const NumWantDefault = -1

// AnnounceRequest is one announce as a protocol adapter read it.
type AnnounceRequest struct {
	InfoHash   InfoHash
	WithBlanks InfoHash // what was meant if InfoHash is not known: blanks for some of its pluses; or zero
	PeerID     PeerID
	Key        string         // as sent, at most MaxKey bytes; may be empty; see PlainKey
	Addr       netip.AddrPort // where other peers reach the host; unmapped
	Also       netip.AddrPort // the host's address of the other family (BEP 7), or zero
	Named      bool           // of these, one is only the client's word: it did not announce from there
	Uploaded   uint64         // bytes
	Downloaded uint64         // bytes
	Left       uint64         // bytes; see KnownLeft
	Event      Event
	NumWant    int  // peers; negative means as many as MAXPEERS
	Compact    bool // a compact reply is asked for (BEP 23)
	NoPeerID   bool // a reply of dictionaries may leave out peer ids
	Waiter     Waiter
}

// Waiter is the client that waits for an answer. It is nil where nobody can tell whether it still
// does.
type Waiter interface {
	// Gone says whether the client has given up an announce with this event. It is asked right
	// before the store is, so that nothing is recorded of a host that may have stopped since. A
	// client that stops may leave without an answer, and has not given up for that.
	Gone(Event) bool
}

// AnnounceResponse is the reply to an announce.
type AnnounceResponse struct {
	Interval    time.Duration
	MinInterval time.Duration
	Complete    int // live seeders of the transfer
	Incomplete  int // live leechers of the transfer
	Downloaded  int // hosts that ever completed it
	Peers       []Peer
	ExternalIP  netip.Addr // the host's address as the tracker knows it (BEP 24)
	Warning     string     // shown to the client's user; empty for none
}

// ScrapeEntry is one transfer in the reply to a scrape (BEP 48).
type ScrapeEntry struct {
	InfoHash    InfoHash
	Complete    int
	Incomplete  int
	Downloaded  int
	Downloaders int // leechers that are no partial seeds (BEP 21)
}

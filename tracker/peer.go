package tracker

import (
	"net/netip"
	"strings"
)

// PeerID is the 20 bytes a client calls itself by (BEP 3). Together with the
// announce's key it tells one host from another.
type PeerID [20]byte

// PlainKey is the form in which an announce's key is compared and kept: the same over HTTP and
// over UDP, where a key is four bytes. Most clients write them as eight hexadecimal digits,
// libtorrent in upper case. A client with the trait NoKey has none.
func PlainKey(id PeerID, key string) string {
	switch {
	case TraitsOf(id).NoKey:
		return ""
	case len(key) == 8 && strings.Trim(key, "0123456789abcdefABCDEF") == "":
		return strings.ToLower(key)
	}
	return key
}

// Peer is one host as it is handed out: an address of either family, or both
// (BEP 7). An address that the host does not have is the zero AddrPort.
type Peer struct {
	ID    PeerID // set only where the announce asked for peer ids
	Addr4 netip.AddrPort
	Addr6 netip.AddrPort
}

// Event is what a client says happened, in the order of BEP 15.
type Event uint8

// The events of BEP 3 and BEP 15, and BEP 21's paused (a partial seed).
const (
	EventNone Event = iota
	EventCompleted
	EventStarted
	EventStopped
	EventPaused
)

var eventNames = [...]string{"", "completed", "started", "stopped", "paused"}

// String is the word a client sends; empty for EventNone.
func (e Event) String() string { return eventNames[e] }

// ParseEvent reads a client's word. A word that no BEP names is EventNone.
func ParseEvent(word string) Event {
	for e, name := range eventNames {
		if word == name {
			return Event(e)
		}
	}
	return EventNone
}

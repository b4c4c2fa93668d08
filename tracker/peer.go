package tracker

import "net/netip"

// PeerID is the 20 bytes a client calls itself by (BEP 3). Together with the
// announce's key it tells one host from another.
type PeerID [20]byte

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

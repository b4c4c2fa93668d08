package tracker

import (
	"context"
	"net/netip"
	"time"
)

// Locator knows where hosts stand. It may be asked by any number of goroutines
// at once, answers within the context's deadline, and nearly always from memory.
type Locator interface {
	// Locate says where the host with this address stands. An address whose
	// place cannot be had now is an error that wraps ErrLocationUnknown.
	Locate(ctx context.Context, ip netip.Addr) (Place, error)
}

// Place is what a Locator knows of a host.
type Place struct {
	Location Location
	Hostname string // empty if the source does not tell
}

// Store keeps the swarms. It may be asked by any number of goroutines, and of
// frontends, at once. Every call returns by the context's deadline; a store that
// cannot be reached is an error that wraps ErrUnavailable.
type Store interface {
	// Announce records the host and chooses its peers in one atomic step.
	// It is never repeated by itself, so that nothing counts twice.
	Announce(ctx context.Context, a Announce) (Handout, error)

	// Scrape returns an entry for each of the hashes whose transfer is
	// active; the others are left out. No hashes means all active ones.
	Scrape(ctx context.Context, hashes []InfoHash) ([]ScrapeEntry, error)
}

// Announce is what the store is told: the request, where its host stands, and
// the rules it falls under.
type Announce struct {
	AnnounceRequest
	Place
	Rules
}

// Rules are the settings that decide who gets which peers.
type Rules struct {
	MaxReprRack  int           // representatives of a group
	MaxPeers     int           // peers in a reply
	PeerTTL      time.Duration // silence after which a host is no longer live
	AutoRegister bool          // an unknown info hash becomes an active transfer
}

// Handout is what the store answers to an announce.
type Handout struct {
	Active     bool // the transfer is active; if not, all else is zero
	Complete   int
	Incomplete int
	Downloaded int
	Represents int // how many of the host's groups it represents, from its rack outwards
	Peers      []Peer
}

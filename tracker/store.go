package tracker

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
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
	// It is never repeated by itself, so that nothing counts twice. A transfer
	// whose clients an operator wants to stop is ErrEnded.
	Announce(ctx context.Context, a Announce) (Handout, error)

	// Scrape returns an entry for each of the hashes whose transfer is
	// active; the others are left out. No hashes means all active ones.
	Scrape(ctx context.Context, hashes []InfoHash) ([]ScrapeEntry, error)
}

// Prober finds out which representatives are dead.
type Prober interface {
	// Watch begins to probe representatives. It does not wait for anything.
	Watch(checks []Check)
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
	MaxReprRack   int           // representatives of a group
	OutsidePeers  int           // peers from each swarm around a group that it represents, or a third of the reply; 0: as many as hold it together
	ReprScope     ReprScope     // what MaxReprRack bounds
	MaxPeers      int           // peers in a reply
	PeerTTL       time.Duration // silence after which a host is no longer live
	ProbeInterval time.Duration // between two probes of a representative; 0: none
	AutoRegister  bool          // an unknown info hash becomes an active transfer

	AutoRegisterMax int // transfers that became active so
	HostsPerAddress int // of a transfer, at one IP address
}

// ReprScope says what MaxReprRack bounds (R8).
type ReprScope uint8

const (
	ScopeTransfer ReprScope = iota // the representatives of a group in each transfer
	ScopeRack                      // those in all transfers together, by machines
)

var scopeNames = [...]string{"transfer", "rack"}

// String is the word of REPR_SCOPE.
func (s ReprScope) String() string { return scopeNames[s] }

// Decode reads the word of REPR_SCOPE.
func (s *ReprScope) Decode(word string) error {
	i := slices.Index(scopeNames[:], word)
	if i < 0 {
		return fmt.Errorf("must be transfer or rack, not %q", word)
	}
	*s = ReprScope(i)
	return nil
}

// Handout is what the store answers to an announce.
type Handout struct {
	Active     bool // the transfer is active; if not, all else but Forgotten is zero
	Forgotten  bool // it is not active, but the store has just lost its data
	Complete   int
	Incomplete int
	Downloaded int
	Represents int // how many of the host's groups it represents, from its rack outwards
	Peers      []Peer
	Defer      bool    // peers would not serve the host yet; it is to ask again in some seconds, and is not recorded
	Checks     []Check // representatives that this frontend is to probe from now on
}

// Check is a representative that is to be probed, by the frontend that claimed it.
type Check struct {
	InfoHash InfoHash
	Addr     netip.AddrPort // by which the store knows it
	Also     netip.AddrPort // its address of the other family, or zero
	Claimed  int64          // names the claim
	After    time.Duration  // the probe waits so long
}

// Verdict is what follows from a probe.
type Verdict uint8

const (
	ProbeAgain  Verdict = iota // it is to be probed again, by the same frontend
	ProbedDead                 // it was dead, and has lost its places
	ProbeNoMore                // it represents nothing any more, or another frontend probes it
)

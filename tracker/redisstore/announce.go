package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Announce implements tracker.Store. Nearly all announces are one call of again.lua. It writes
// nothing if there is more to do than it can, and announce.lua follows.
func (s *Store) Announce(ctx context.Context, a tracker.Announce) (tracker.Handout, error) {
	look := s.scansForProbes(a)
	if a.Event == tracker.EventNone && !wantsIDs(a) && !look {
		handout, recorded, err := s.again(ctx, a)
		if err != nil {
			return tracker.Handout{}, err
		}
		if recorded {
			s.note(a, true, false)
			return handout, nil
		}
	}
	done, err := s.announce(ctx, a, announceOptions{look: look})
	if err == nil && done.unknown {
		done, err = s.registerItself(ctx, a, announceOptions{look: look})
	}
	if err == nil && done.wants() {
		done, err = s.announceWithLeases(ctx, a, done)
	}
	if err == nil && !done.Active {
		done.Forgotten, err = s.forgets(ctx)
	}
	if err != nil {
		return tracker.Handout{}, err
	}
	s.note(a, done.Active, done.joined)
	return done.Handout, nil
}

// again calls again.lua. It returns whether the announce is recorded.
func (s *Store) again(ctx context.Context, a tracker.Announce) (h tracker.Handout, recorded bool, err error) {
	r, err := s.run(ctx, againScript, againCall(a, s.now(), rand.Uint32()), againValues)
	if err != nil || r.status != statusRecorded {
		return h, false, err
	}
	h, err = readHandout(a, r, a.Addr.String(), againValues)
	return h, true, err
}

// announced is what one call of announce.lua did.
type announced struct {
	tracker.Handout
	effects
	joined  bool // the host was not live before
	unknown bool // the transfer is not active, but may register itself
}

// announce calls announce.lua once.
func (s *Store) announce(ctx context.Context, a tracker.Announce, o announceOptions) (announced, error) {
	o.now, o.seed = s.now(), rand.Uint32()
	r, err := s.run(ctx, announceScript, announceCall(a, o), announceValues)
	if err != nil {
		return announced{}, err
	}
	done, err := readAnnounced(a, r)
	if err != nil {
		return announced{}, err
	}
	s.follow(done.effects, a)
	if done.crowded {
		s.crowded.Log(s.log, slog.LevelWarn, "address has as many hosts as it may", "host", a.Addr.Addr(), "transfer", a.InfoHash,
			"HOSTS_PER_ADDRESS", a.HostsPerAddress)
		return announced{}, tracker.ErrCrowded
	}
	return done, nil
}

// announceOptions are the arguments of the scripts besides the announce itself.
type announceOptions struct {
	now   string // the clock in seconds, or empty
	seed  uint32
	lease lease // of announce.lua only: one that was taken for the host
	look  bool  // for representatives that nobody probes

	reserved bool // of announce.lua only: the transfer may register itself
}

// announceCall builds the call of announce.lua; see its header.
func announceCall(a tracker.Announce, o announceOptions) scriptCall {
	k := keys.Of(a.InfoHash)
	keys := append(make([]string, 0, 40),
		k.Registered(), k.Closed(), k.Name(), k.Length(),
		k.FirstStarted(), k.LastStarted(), k.FirstCompleted(), k.LastCompleted(), k.Summary(),
		k.Peers(), k.Representatives(), k.Seeders(), k.Leechers(), k.Paused(),
		k.Racks(), k.Hosts(), k.Progress(), k.Pages(), k.Leases(), k.Deferred(), k.Racks6(), k.Peer(a.Addr),
		k.RackPeers(a.Location), k.RackSeeders(a.Location), k.RackProgress(a.Location))
	for _, group := range a.Location.Groups() {
		keys = append(keys, k.Swarm(group), k.RackRepresentatives(tracker.Location(group)))
	}
	args := []string{
		o.now,
		seconds(a.PeerTTL),
		strconv.FormatUint(uint64(o.seed), 10),
		a.Addr.String(),
		address(a.Also),
		string(a.PeerID[:]),
		a.Key,
		a.Event.String(),
		left(a.Left),
		strconv.FormatUint(a.Uploaded, 10),
		strconv.FormatUint(a.Downloaded, 10),
		strconv.Itoa(want(a)),
		boolean(a.Compact),
		flag(wantsIDs(a)),
		o.auto(a),
		string(a.Location),
		a.Hostname,
		strconv.Itoa(a.MaxReprRack),
		a.ReprScope.String(),
		rulesWord(a.Rules),
		o.lease.argument(),
		seconds(a.ProbeInterval),
		flag(o.look),
		flag(a.Named),
		strconv.Itoa(a.HostsPerAddress),
		flag(tracker.TraitsOf(a.PeerID).SlowNews),
	}
	return scriptCall{append(keys, k.GlobalSwarm()), args}
}

// auto says whether an unknown transfer becomes active.
func (o announceOptions) auto(a tracker.Announce) string {
	if o.reserved {
		return "reserved"
	}
	return flag(a.AutoRegister)
}

// againCall builds the call of again.lua; see its header.
func againCall(a tracker.Announce, now string, seed uint32) scriptCall {
	k := keys.Of(a.InfoHash)
	keys := append(make([]string, 0, 16),
		k.Summary(), k.Progress(), k.Peer(a.Addr), k.RackProgress(a.Location))
	for _, group := range a.Location.Groups() {
		keys = append(keys, k.Swarm(group))
	}
	args := []string{
		now,
		seconds(a.PeerTTL),
		strconv.FormatUint(uint64(seed), 10),
		address(a.Also),
		string(a.PeerID[:]),
		a.Key,
		left(a.Left),
		strconv.FormatUint(a.Uploaded, 10),
		strconv.FormatUint(a.Downloaded, 10),
		strconv.Itoa(want(a)),
		string(a.Location),
		rulesWord(a.Rules),
	}
	return scriptCall{append(keys, k.GlobalSwarm()), args}
}

// rulesWord stands for what a stamp depends on: a host that was stamped under other rules is
// looked at by announce.lua.
func rulesWord(r tracker.Rules) string {
	word := strconv.Itoa(r.MaxReprRack)
	if r.ReprScope == tracker.ScopeRack {
		word += ":" + seconds(r.PeerTTL) // how long a lease is good for
	}
	return word
}

// wantsIDs says whether the client wants the peers' ids: in the form of a dictionary for each.
func wantsIDs(a tracker.Announce) bool { return !a.Compact && !a.NoPeerID }

// want is how many peers are handed out (R5).
func want(a tracker.Announce) int {
	if a.NumWant < 0 {
		return a.MaxPeers
	}
	return min(a.NumWant, a.MaxPeers)
}

// left is empty if it is not known.
func left(bytes uint64) string {
	if tracker.KnownLeft(bytes) == tracker.LeftUnknown {
		return ""
	}
	return strconv.FormatUint(bytes, 10)
}

func address(addr netip.AddrPort) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// boolean is the seed's way to write one.
func boolean(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// seconds is a span as a script takes it; none is empty.
func seconds(span time.Duration) string {
	if span <= 0 {
		return ""
	}
	return strconv.Itoa(int(span.Seconds()))
}

// Values behind the status, in front of the views.
const (
	againValues    = 3
	announceValues = againValues + 4
)

// Statuses of announce.lua; 0 is a transfer that is not active.
const (
	statusRecorded = 1
	statusEnded    = -1
	statusUnknown  = -2
)

// readHandout maps what announce.lua and again.lua return. address is by which the host is handed out to
// others; the views are behind so many values.
func readHandout(a tracker.Announce, r reply, address string, values int) (tracker.Handout, error) {
	c, err := readSummary(r)
	if err != nil {
		return tracker.Handout{}, err
	}
	represents, err := r.values[1].AsInt64()
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: represents: %w", r.script, err)
	}
	also, err := r.values[2].ToString()
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: also: %w", r.script, err)
	}
	if also != "" {
		address += " " + also
	}
	peers, err := choosePeers(r.values[values:], address, a)
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: views: %w", r.script, err)
	}
	return tracker.Handout{
		Active: true, Complete: c.complete, Incomplete: c.incomplete, Downloaded: c.downloaded,
		Represents: int(represents), Peers: peers,
	}, nil
}

// readAnnounced maps the reply of announce.lua.
func readAnnounced(a tracker.Announce, r reply) (done announced, err error) {
	switch r.status {
	case statusRecorded:
	case statusEnded:
		return announced{}, tracker.ErrEnded
	case statusUnknown:
		return announced{unknown: true}, nil
	default:
		return announced{}, nil
	}
	address, err := r.values[3].ToString()
	if err != nil {
		return announced{}, fmt.Errorf("script announce: address: %w", err)
	}
	joined, err := r.values[4].AsInt64()
	if err != nil {
		return announced{}, fmt.Errorf("script announce: joined: %w", err)
	}
	done.joined = joined == 1
	if done.Handout, err = readHandout(a, r, address, announceValues); err != nil {
		return announced{}, err
	}
	if err = readIDs(done.Peers, r.values[5]); err != nil {
		return announced{}, err
	}
	if done.effects, err = readEffects(r.values[6], a.InfoHash); err != nil {
		return announced{}, fmt.Errorf("script announce: effects: %w", err)
	}
	done.Checks, done.Defer = done.checks, done.deferred
	return done, nil
}

// readIDs gives the peers their ids, if those were asked for: by address, by turns.
func readIDs(peers []tracker.Peer, value rueidis.RedisMessage) error {
	ids, err := value.AsStrMap()
	if err != nil {
		return fmt.Errorf("script announce: peer ids: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	for i := range peers {
		for _, addr := range []netip.AddrPort{peers[i].Addr4, peers[i].Addr6} {
			if id, known := ids[addr.String()]; known {
				copy(peers[i].ID[:], id)
			}
		}
	}
	return nil
}

package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var (
	againScript    = client.NewScript("again")
	announceScript = client.NewScript("announce")
)

// Announced is what an announce did.
type Announced struct {
	tracker.Handout
	Joined  bool // the host was not live before
	Unknown bool // the transfer is not active, but may register itself: see AnnounceReserved
	look    bool // it looked for representatives that nobody probes
}

// Announce decides and records an announce. Nearly all are one call of again.lua. It writes
// nothing if there is more to do than it can, and announce.lua follows. The errors are
// tracker.ErrEnded, tracker.ErrCrowded, and those of Redis.
func (s *Swarm) Announce(ctx context.Context, a tracker.Announce) (Announced, error) {
	look := s.scansForProbes(a)
	if a.Event == tracker.EventNone && !wantsIDs(a) && !look {
		handout, recorded, err := s.again(ctx, a)
		if err != nil || recorded {
			return Announced{Handout: handout}, err
		}
	}
	return s.announceFully(ctx, a, announceOptions{look: look})
}

// AnnounceReserved goes on with an announce whose transfer was unknown, when there is room for it: the
// transfer registers itself.
func (s *Swarm) AnnounceReserved(ctx context.Context, a tracker.Announce, unknown Announced) (Announced, error) {
	return s.announceFully(ctx, a, announceOptions{look: unknown.look, reserved: true})
}

// announceFully calls announce.lua, and takes the leases that its host needs.
func (s *Swarm) announceFully(ctx context.Context, a tracker.Announce, o announceOptions) (Announced, error) {
	done, err := s.announce(ctx, a, o)
	if err == nil && done.wants() {
		done, err = s.announceWithLeases(ctx, a, done)
	}
	if err != nil {
		return Announced{}, err
	}
	done.look = o.look
	return done.Announced, nil
}

// again calls again.lua. It returns whether the announce is recorded.
func (s *Swarm) again(ctx context.Context, a tracker.Announce) (h tracker.Handout, recorded bool, err error) {
	r, err := s.redis.Run(ctx, againScript, againCall(a, s.redis.Now(), rand.Uint32()), againValues)
	if err != nil || r.Status != statusRecorded {
		return h, false, err
	}
	h, err = readHandout(a, r, a.Addr.String(), againValues)
	return h, true, err
}

// announced is what one call of announce.lua did.
type announced struct {
	Announced
	effects
}

// announce calls announce.lua once.
func (s *Swarm) announce(ctx context.Context, a tracker.Announce, o announceOptions) (announced, error) {
	o.now, o.seed = s.redis.Now(), rand.Uint32()
	r, err := s.redis.Run(ctx, announceScript, announceCall(a, o), announceValues)
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

// announceOptions are the arguments of announce.lua besides the announce itself.
type announceOptions struct {
	now      string // the clock in seconds, or empty
	seed     uint32
	lease    lease // one that was taken for the host
	look     bool  // for representatives that nobody probes
	reserved bool  // the transfer may register itself
}

// announceCall builds the call of announce.lua; see its header.
func announceCall(a tracker.Announce, o announceOptions) client.Call {
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
		client.Seconds(a.PeerTTL),
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
		client.Flag(wantsIDs(a)),
		o.auto(a),
		string(a.Location),
		a.Hostname,
		strconv.Itoa(a.MaxReprRack),
		a.ReprScope.String(),
		rulesWord(a.Rules),
		o.lease.argument(),
		client.Seconds(a.ProbeInterval),
		client.Flag(o.look),
		client.Flag(a.Named),
		strconv.Itoa(a.HostsPerAddress),
		client.Flag(tracker.TraitsOf(a.PeerID).SlowNews),
	}
	return client.Call{Keys: append(keys, k.GlobalSwarm()), Args: args}
}

// auto says whether an unknown transfer becomes active.
func (o announceOptions) auto(a tracker.Announce) string {
	if o.reserved {
		return "reserved"
	}
	return client.Flag(a.AutoRegister)
}

// againCall builds the call of again.lua; see its header.
func againCall(a tracker.Announce, now string, seed uint32) client.Call {
	k := keys.Of(a.InfoHash)
	keys := append(make([]string, 0, 16),
		k.Summary(), k.Progress(), k.Peer(a.Addr), k.RackProgress(a.Location))
	for _, group := range a.Location.Groups() {
		keys = append(keys, k.Swarm(group))
	}
	args := []string{
		now,
		client.Seconds(a.PeerTTL),
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
	return client.Call{Keys: append(keys, k.GlobalSwarm()), Args: args}
}

// rulesWord stands for what a stamp depends on: a host that was stamped under other rules is
// looked at by announce.lua.
func rulesWord(r tracker.Rules) string {
	word := strconv.Itoa(r.MaxReprRack)
	if r.ReprScope == tracker.ScopeRack {
		word += ":" + client.Seconds(r.PeerTTL) // how long a lease is good for
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

// boolean writes True or False, as the older tracker did.
func boolean(b bool) string {
	if b {
		return "True"
	}
	return "False"
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

// readHandout maps what announce.lua and again.lua return. address: what the host is handed out by.
// values: how many stand before the views.
func readHandout(a tracker.Announce, r client.Reply, address string, values int) (tracker.Handout, error) {
	c, err := readSummary(r)
	if err != nil {
		return tracker.Handout{}, err
	}
	represents, err := r.Values[1].AsInt64()
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: represents: %w", r.Script, err)
	}
	also, err := r.Values[2].ToString()
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: also: %w", r.Script, err)
	}
	if also != "" {
		address += " " + also
	}
	peers, err := choosePeers(r.Values[values:], address, a)
	if err != nil {
		return tracker.Handout{}, fmt.Errorf("script %s: views: %w", r.Script, err)
	}
	return tracker.Handout{
		Active: true, Complete: c.complete, Incomplete: c.incomplete, Downloaded: c.downloaded,
		Represents: int(represents), Peers: peers,
	}, nil
}

// readAnnounced maps the reply of announce.lua.
func readAnnounced(a tracker.Announce, r client.Reply) (done announced, err error) {
	switch r.Status {
	case statusRecorded:
	case statusEnded:
		return announced{}, tracker.ErrEnded
	case statusUnknown:
		return announced{Announced: Announced{Unknown: true}}, nil
	default:
		return announced{}, nil
	}
	address, err := r.Values[3].ToString()
	if err != nil {
		return announced{}, fmt.Errorf("script announce: address: %w", err)
	}
	joined, err := r.Values[4].AsInt64()
	if err != nil {
		return announced{}, fmt.Errorf("script announce: joined: %w", err)
	}
	done.Joined = joined == 1
	if done.Handout, err = readHandout(a, r, address, announceValues); err != nil {
		return announced{}, err
	}
	if err = readIDs(done.Peers, r.Values[5]); err != nil {
		return announced{}, err
	}
	if done.effects, err = readEffects(r.Values[6], a.InfoHash); err != nil {
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

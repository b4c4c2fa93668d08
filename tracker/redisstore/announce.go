package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Announce implements tracker.Store.
func (s *Store) Announce(ctx context.Context, a tracker.Announce) (tracker.Handout, error) {
	done, err := s.announce(ctx, a, lease{})
	if err == nil && done.wants() {
		done, err = s.announceWithLeases(ctx, a, done)
	}
	if err != nil {
		return tracker.Handout{}, err
	}
	s.note(a, done.Active, done.joined)
	return done.Handout, nil
}

// announced is what one call of announce.lua did.
type announced struct {
	tracker.Handout
	told
	joined bool // the host was not live before
}

// announce calls the script once, with a lease if one was taken for the host.
func (s *Store) announce(ctx context.Context, a tracker.Announce, l lease) (announced, error) {
	options := announceOptions{now: s.now(), seed: rand.Uint32(), lease: l, look: s.looksForProbes(a)}
	r, err := s.run(ctx, announceScript, announceCall(a, options), announceValues)
	if err != nil {
		return announced{}, err
	}
	done, err := readHandout(a, r)
	if err != nil {
		return announced{}, err
	}
	s.follow(done.told, a.Rules)
	return done, nil
}

// announceOptions are the arguments of announce.lua besides the announce itself.
type announceOptions struct {
	now   string // the clock in seconds, or empty
	seed  uint32
	lease lease
	look  bool // for representatives that nobody probes
}

// announceCall builds the call of announce.lua; see its header.
func announceCall(a tracker.Announce, o announceOptions) scriptCall {
	k := keysOf(a.InfoHash)
	keys := append(make([]string, 0, 40),
		k.registered(), k.closed(), k.name(), k.length(),
		k.firstStarted(), k.lastStarted(), k.firstCompleted(), k.lastCompleted(),
		k.peers(), k.representatives(), k.seeders(), k.leechers(), k.paused(),
		k.racks(), k.hosts(), k.progress(), k.oldest(), k.leases(), k.peer(a.Addr))
	args := []string{
		o.now,
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
		strconv.Itoa(a.MaxReprRack),
		strconv.Itoa(int(a.PeerTTL.Seconds())),
		boolean(a.Compact),
		flag(!a.Compact && !a.NoPeerID),
		flag(a.AutoRegister),
		string(a.Location),
		a.Hostname,
		a.ReprScope.String(),
		o.lease.argument(),
		seconds(a.ProbeInterval),
		flag(o.look),
	}
	return scriptCall{append(keys, k.location(a.Location)...), args}
}

// want is how many peers are handed out (R5).
func want(a tracker.Announce) int {
	if a.NumWant < 0 {
		return a.MaxPeers
	}
	return min(a.NumWant, a.MaxPeers)
}

// maxLeft bounds what counts as a number of bytes left: a million hosts that lack
// 8 TiB each fit into the 63 bits of a sum in Redis. More is taken as not known.
const maxLeft = 1 << 43

func left(bytes uint64) string {
	if bytes > maxLeft {
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

const announceValues = 8 // behind the status

// readHandout maps the reply of announce.lua.
func readHandout(a tracker.Announce, r reply) (announced, error) {
	if r.status == 0 {
		return announced{}, nil
	}
	n, err := r.ints(5)
	if err != nil {
		return announced{}, err
	}
	done := announced{
		Handout: tracker.Handout{Active: true, Complete: n[0], Incomplete: n[1], Downloaded: n[2], Represents: n[4]},
		joined:  n[3] == 1,
	}
	text, err := r.values[5].ToString()
	if err != nil {
		return announced{}, fmt.Errorf("script announce: peers: %w", err)
	}
	if done.Peers, err = readPeers(text, a); err != nil {
		return announced{}, fmt.Errorf("script announce: peers: %w", err)
	}
	ids, err := r.values[6].AsStrSlice()
	if err != nil || len(ids) > len(done.Peers) {
		return announced{}, fmt.Errorf("script announce: %d peer ids: %w", len(ids), err)
	}
	for i, id := range ids {
		copy(done.Peers[i].ID[:], id)
	}
	done.told, err = readTold(r.values[7], a.InfoHash)
	if err != nil {
		return announced{}, fmt.Errorf("script announce: told: %w", err)
	}
	done.Checks = done.checks
	return done, nil
}

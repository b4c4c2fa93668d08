package swarm_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/registry"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

// Histories of several transfers under REPR_SCOPE=rack, in which every step between the
// servers may be late, be done by another frontend's side, or be lost: after each of them
// the bound holds over all transfers together (R8), and in the end no place is left
// empty (R6), nor held by those of a transfer that is done, while hosts of another one fetch.

const leaseTransfers = 3

var leaseRacks = []tracker.Location{"r1", "dc1/r1", "dc1/r2"}

func TestLeaseHistories(t *testing.T) {
	for name, addr := range map[string]func() string{
		"redis":   func() string { return redistest.Start(t).Addr },
		"cluster": func() string { return storetest.EmptyCluster(t) },
	} {
		t.Run(name, func(t *testing.T) {
			f := storetest.New(t, storetest.Options(addr()))
			var skew time.Duration // of the clock of the servers of leases
			opts := f.Opts
			opts.Now = func() time.Time { return f.Now().Add(skew) }
			here, there := storetest.OpenClient(t, f.Opts), storetest.OpenClient(t, opts)
			rapid.Check(t, func(t *rapid.T) {
				skew = time.Duration(rapid.IntRange(-25, 25).Draw(t, "skew")) * time.Second
				h := newLeaseHistory(t, f, here, there)
				t.Repeat(map[string]func(*rapid.T){
					"announce":  h.announce,
					"announce2": h.announce,
					"go on":     h.goOn,
					"task":      h.task,
					"settle":    h.settleLate,
					"wait":      h.wait,
					"end":       h.end,
					"":          h.check,
				})
				h.finish(t)
				if rapid.IntRange(0, 3).Draw(t, "rarely") == 0 {
					h.finishNext(t)
				}
			})
		})
	}
}

type leaseHistory struct {
	*storetest.Fixture
	frontend *frontend // whose effects are carried out by the test
	leaser   *frontend // the same, of which the servers of leases have another clock
	slow     []func(*rapid.T)
	leases   []swarm.Lease // all there ever were
}

func newLeaseHistory(t *rapid.T, f *storetest.Fixture, here, there *client.Client) *leaseHistory {
	for _, key := range append(f.Keys("*{*"), f.Keys("torrents")...) {
		f.Command("DEL", key)
	}
	h := &leaseHistory{Fixture: f, frontend: newFrontend(here, f), leaser: newFrontend(there, f)}
	for n := range leaseTransfers {
		h.register(t, n)
	}
	return h
}

// frontend is one on a connection of its own that does nothing by itself.
type frontend struct {
	*registry.Registry
	*swarm.Swarm
}

func (f *frontend) Announce(ctx context.Context, a tracker.Announce) (tracker.Handout, error) {
	done, err := f.Swarm.Announce(ctx, a)
	return done.Handout, err
}

func newFrontend(redis *client.Client, f *storetest.Fixture) *frontend {
	log := slog.New(slog.DiscardHandler)
	s := swarm.New(redis, nil, log)
	return &frontend{registry.New(redis, s, registry.Options{ArchiveTTL: f.Opts.ArchiveTTL}, log), s}
}

// handDriven is a frontend with another clock.
func handDriven(t *testing.T, f *storetest.Fixture, now func() time.Time) *frontend {
	t.Helper()
	opts := f.Opts
	opts.Now = now
	return newFrontend(storetest.OpenClient(t, opts), f)
}

func (h *leaseHistory) register(t *rapid.T, n int) {
	name := "payload-" + strconv.Itoa(n)
	torrent := tracker.Torrent{Name: name, InfoHash: storetest.Hash(byte(n)), Length: storetest.Length, File: []byte(name)}
	if _, err := h.frontend.AddTorrent(context.Background(), torrent); err != nil {
		t.Fatal(err)
	}
}

// leaseAnnounce is one of machine n, of which each rack has four.
func leaseAnnounce(transfer, n int) tracker.Announce {
	a := storetest.AnnounceOf(storetest.Hash(byte(transfer)), leaseRacks[n%len(leaseRacks)], n)
	a.ReprScope = tracker.ScopeRack
	return a
}

const leaseMachines = 12

func (h *leaseHistory) announce(t *rapid.T) {
	n := rapid.IntRange(0, leaseMachines-1).Draw(t, "machine")
	a := leaseAnnounce(rapid.IntRange(0, leaseTransfers-1).Draw(t, "transfer"), n)
	a.Event = rapid.SampledFrom([]tracker.Event{
		tracker.EventNone, tracker.EventNone, tracker.EventStarted, tracker.EventCompleted, tracker.EventStopped,
	}).Draw(t, "event")
	a.Left = rapid.SampledFrom([]uint64{0, 400, storetest.Length}).Draw(t, "left")
	if rapid.IntRange(0, 5).Draw(t, "families") == 0 {
		a.Also = storetest.SixOf(n)
	}
	h.step(t, a, swarm.Lease{})
}

// step calls announce.lua. If it asks for a lease, that is taken at once, later, or never,
// since the frontend crashed or the reply was lost.
func (h *leaseHistory) step(t *rapid.T, a tracker.Announce, l swarm.Lease) {
	done, err := h.frontend.AnnounceWith(context.Background(), a, l)
	if err != nil {
		t.Fatal(err)
	}
	h.checkCrossing(t, a, done.Handout)
	if !done.Wants() {
		return
	}
	h.sometime(t, func(t *rapid.T) {
		taken, doubtful, err := h.leaser.TakeLease(context.Background(), done.Lease(), a.Rules)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range doubtful {
			h.settle(t, other)
		}
		if taken.Token == "" {
			return
		}
		h.leases = append(h.leases, taken)
		h.sometime(t, func(t *rapid.T) { h.step(t, a, taken) })
	})
}

// sometime does something now, later or never.
func (h *leaseHistory) sometime(t *rapid.T, do func(*rapid.T)) {
	switch rapid.SampledFrom([]string{"now", "now", "now", "later", "never"}).Draw(t, "when") {
	case "now":
		do(t)
	case "later":
		h.slow = append(h.slow, do)
	}
}

func (h *leaseHistory) goOn(t *rapid.T) {
	if len(h.slow) == 0 {
		return
	}
	i := rapid.IntRange(0, len(h.slow)-1).Draw(t, "which")
	do := h.slow[i]
	h.slow = slices.Delete(h.slow, i, i+1)
	do(t)
}

// task carries out one of the effects that announces left, twice perhaps, or loses it.
func (h *leaseHistory) task(t *rapid.T) {
	task := h.frontend.Task()
	if task == nil {
		return
	}
	for range rapid.IntRange(0, 2).Draw(t, "times") {
		if err := task(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// settleLate settles any lease there ever was, for another transfer perhaps.
func (h *leaseHistory) settleLate(t *rapid.T) {
	if len(h.leases) == 0 {
		return
	}
	l := rapid.SampledFrom(h.leases).Draw(t, "lease")
	l.Rank = rapid.SampledFrom([]string{"", "1:2027-01-15T08:00:00Z:", swarm.RankNeeded}).Draw(t, "rank")
	h.settle(t, l)
}

// settle settles a lease step by step, of which each may be late or be lost.
func (h *leaseHistory) settle(t *rapid.T, l swarm.Lease) {
	h.leases = append(h.leases, l)
	h.sometime(t, func(t *rapid.T) {
		held, others, err := h.frontend.Confirm(context.Background(), l, storetest.Rules)
		if err != nil || held && len(others) > 0 {
			t.Fatalf("held: %v, to settle %+v, %v", held, others, err)
		}
		for _, place := range others {
			h.settle(t, place)
		}
		if held {
			return
		}
		h.sometime(t, func(t *rapid.T) {
			if err := h.frontend.Release(context.Background(), l); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func (h *leaseHistory) wait(t *rapid.T) {
	h.Advance(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 11, 11, 170, 400, 700, 900}).Draw(t, "seconds")) * time.Second)
}

// end deactivates a transfer and registers it anew: of what was under way nothing counts.
func (h *leaseHistory) end(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") != 0 {
		return
	}
	n := rapid.IntRange(0, leaseTransfers-1).Draw(t, "transfer")
	if err := h.frontend.Deactivate(context.Background(), storetest.Hash(byte(n)), false); err != nil {
		t.Fatal(err)
	}
	h.register(t, n)
}

// crossing are the machines that represent a group in one of the transfers.
func (h *leaseHistory) crossing(group tracker.Location, transfers ...int) map[netip.Addr]bool {
	machines := map[netip.Addr]bool{}
	ttl := int64(storetest.Rules.PeerTTL.Seconds())
	for _, n := range transfers {
		k := keys.Of(storetest.Hash(byte(n)))
		tokens, _ := h.Command("HGETALL", k.Leases()).AsStrMap()
		for _, member := range h.SetMembers(k.RackRepresentatives(group)) {
			token, _ := strconv.ParseInt(tokens[string(group)+" "+member], 10, 64)
			if token/1e6+ttl/4 > h.Now().Unix()-ttl {
				machines[h.machine(k, member)] = true
			}
		}
	}
	return machines
}

// machine is the address by which a host holds leases: that of IPv4 if it has one.
func (h *leaseHistory) machine(k keys.Transfer, member string) netip.Addr {
	addr := netip.MustParseAddrPort(member)
	also, _ := h.Command("HGET", k.Peer(addr), "also").ToString()
	if addr.Addr().Is6() && also != "" {
		addr = netip.MustParseAddrPort(also)
	}
	return addr.Addr()
}

var allTransfers = []int{0, 1, 2}

func leaseGroups() []tracker.Location { return append(slices.Clone(leaseRacks), "dc1") }

func (h *leaseHistory) check(t *rapid.T) {
	for _, group := range leaseGroups() {
		if crossing := h.crossing(group, allTransfers...); len(crossing) > storetest.Rules.MaxReprRack {
			t.Fatalf("R8: %d machines represent %s: %v", len(crossing), group, crossing)
		}
	}
}

// checkCrossing holds a reply against R1: only representatives are handed beyond their
// racks, to representatives.
func (h *leaseHistory) checkCrossing(t *rapid.T, a tracker.Announce, handout tracker.Handout) {
	transfer := int(a.InfoHash[19])
	for _, peer := range handout.Peers {
		rack := leaseRacks[storetest.HostNumber(peer)%len(leaseRacks)]
		if rack == a.Location {
			continue
		}
		if handout.Represents == 0 || !h.crossing(rack, transfer)[peer.Addr4.Addr()] {
			t.Fatalf("R1: %v of %s, which represents %d groups, is handed %v of %s",
				a.Addr, a.Location, handout.Represents, peer, rack)
		}
	}
}

// finish lets all machines announce without a fault, some times: then every place is
// taken, whatever was left over.
func (h *leaseHistory) finish(t *rapid.T) {
	for range 4 { // enough for 10 s to pass by every clock
		h.Advance(11 * time.Second)
		for n := range leaseMachines {
			for transfer := range leaseTransfers {
				if _, err := h.frontend.Announce(context.Background(), leaseAnnounce(transfer, n)); err != nil {
					t.Fatal(err)
				}
				h.runErrands(t)
			}
			h.check(t)
		}
	}
	for _, group := range leaseGroups() {
		if crossing := h.crossing(group, allTransfers...); len(crossing) != storetest.Rules.MaxReprRack {
			t.Fatalf("R6: %d machines represent %s: %v; its leases are %v", len(crossing), group, crossing, h.leasesOf(group))
		}
	}
}

// finishNext is the push after those: its hosts are others, of which none is among the first. The older
// ones are done, and their hosts announce all the while.
func (h *leaseHistory) finishNext(t *rapid.T) {
	next := leaseTransfers - 1
	announce := func(transfer, n int, left uint64, event tracker.Event) {
		a := leaseAnnounce(transfer, n)
		a.Left, a.Event = left, event
		if _, err := h.frontend.Announce(context.Background(), a); err != nil {
			t.Fatal(err)
		}
		h.runErrands(t)
	}
	for n := range leaseMachines {
		announce(next, n, 0, tracker.EventStopped)
	}
	for range 5 { // within a minute
		h.Advance(11 * time.Second)
		for n := range leaseMachines {
			for transfer := range next {
				announce(transfer, n, 0, tracker.EventNone)
			}
			announce(next, leaseMachines+n, storetest.Length, tracker.EventNone)
		}
		h.check(t)
	}
	for _, group := range leaseGroups() {
		if crossing := h.crossing(group, next); len(crossing) != storetest.Rules.MaxReprRack {
			t.Fatalf("starved: %d machines represent %s in the next transfer: %v; its leases are %v",
				len(crossing), group, crossing, h.leasesOf(group))
		}
	}
}

func (h *leaseHistory) runErrands(t *rapid.T) {
	for task := h.frontend.Task(); task != nil; task = h.frontend.Task() {
		if err := task(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *leaseHistory) leasesOf(group tracker.Location) string {
	leases, _ := h.Command("HGETALL", keys.Leases(group)).AsStrMap()
	return fmt.Sprint(leases)
}

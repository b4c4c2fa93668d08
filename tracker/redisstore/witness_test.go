package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// A witness knows what hosts said of themselves, and the replies, and nothing else. It restates no rule of the
// scripts, so that an error is not made twice. It holds every history against these:
//
//   - A host crosses the border of a group if it is handed a peer from outside, or is handed out there. At any
//     moment at most MAX_REPR_RACK live hosts have crossed (R1), beside partial seeds.
//   - A partial seed crosses only where fewer than MAX_REPR_RACK other hosts of the rack are live.
//   - A live host is on exactly the lists that its state says, and nobody else is on any.

func TestWitness(t *testing.T) {
	for _, scope := range []tracker.ReprScope{tracker.ScopeTransfer, tracker.ScopeRack} {
		t.Run(scope.String(), func(t *testing.T) {
			f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
			stores := []*redisstore.Store{f.Store, storetest.Open(t, f.Opts)}
			rapid.Check(t, func(t *rapid.T) {
				w := newWitness(t, f, stores, mostExpire-1)
				w.rules.ReprScope = scope
				t.Repeat(map[string]func(*rapid.T){"announce": func(t *rapid.T) {
					w.announce(t)
					w.checkStored(t)
				}, "wait": w.wait})
			})
		})
	}
}

// TestWitnessWithBacklog has more hosts than one call may let expire.
func TestWitnessWithBacklog(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	rapid.Check(t, func(t *rapid.T) {
		w := newWitness(t, f, []*redisstore.Store{f.Store}, 48)
		for n := range w.hosts {
			w.send(t, n, w.initial(n))
		}
		t.Repeat(map[string]func(*rapid.T){"announce": w.announce, "wait": w.wait})
	})
}

type witness struct {
	*storetest.Fixture
	stores    []*redisstore.Store
	rules     tracker.Rules
	locations []tracker.Location
	hosts     []seenHost
}

// seenHost is what a witness knows of a host.
type seenHost struct {
	last    tracker.Announce
	at      time.Time       // of it; zero if it never announced
	crossed map[string]bool // groups whose border it crossed since it came, or changed what it is
}

func (h *seenHost) isPaused() bool { return h.last.Event == tracker.EventPaused && h.last.Left != 0 }

func (w *witness) isLive(h *seenHost) bool {
	return !h.at.IsZero() && h.last.Event != tracker.EventStopped && w.Now().Sub(h.at) < w.rules.PeerTTL
}

func newWitness(t *rapid.T, f *storetest.Fixture, stores []*redisstore.Store, hosts int) *witness {
	newHistory(t, f, stores, hosts) // clears away what the one before left
	w := &witness{Fixture: f, stores: stores, rules: storetest.Rules, hosts: make([]seenHost, hosts)}
	w.rules.MaxReprRack = rapid.IntRange(1, 3).Draw(t, "max_repr_rack")
	w.rules.OutsidePeers = rapid.SampledFrom([]int{0, 1, 200}).Draw(t, "outside_peers")
	w.locations = rapid.SampledFrom(historyPlaces).Draw(t, "locations")
	return w
}

func (w *witness) wait(t *rapid.T) {
	w.Advance(time.Duration(rapid.SampledFrom([]int{1, 1, 10, 100, 330, 700}).Draw(t, "seconds")) * time.Second)
}

// initial is the first announce of a host: each has its address, and its rack, for good.
func (w *witness) initial(n int) tracker.Announce {
	a := storetest.AnnounceOf(storetest.Hash(1), w.locations[n%len(w.locations)], n)
	if n%4 == 0 {
		a.Also = storetest.SixOf(n)
	}
	a.Rules = w.rules
	return a
}

func (w *witness) announce(t *rapid.T) {
	n := rapid.IntRange(0, len(w.hosts)-1).Draw(t, "host")
	a := w.initial(n)
	a.Left = w.hosts[n].last.Left
	a.Event = tracker.EventNone
	if w.hosts[n].at.IsZero() || rapid.Bool().Draw(t, "changes") {
		a.Left = rapid.SampledFrom([]uint64{0, 400, storetest.Length, tracker.LeftUnknown}).Draw(t, "left")
		a.Event = rapid.SampledFrom([]tracker.Event{
			tracker.EventNone, tracker.EventStarted, tracker.EventCompleted, tracker.EventPaused, tracker.EventStopped,
		}).Draw(t, "event")
		a.NumWant = rapid.SampledFrom([]int{-1, 0, 1, 3, 200}).Draw(t, "numwant")
	}
	w.send(t, n, a)
}

func (w *witness) send(t *rapid.T, n int, a tracker.Announce) {
	h := &w.hosts[n]
	wasLive, wasPaused := w.isLive(h), h.isPaused()
	frontend := w.stores[rapid.IntRange(0, len(w.stores)-1).Draw(t, "frontend")]
	handout, err := frontend.Announce(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	storetest.AwaitBackground(t, frontend)
	h.last, h.at = a, w.Now()
	if !wasLive || !w.isLive(h) || wasPaused != h.isPaused() {
		h.crossed = map[string]bool{}
	}
	if rack := keys.Of(a.InfoHash).RackRepresentatives(a.Location); w.isLive(h) && !h.isPaused() &&
		handout.Represents == 0 && w.Card(rack) < w.rules.MaxReprRack {
		t.Fatalf("R6: %v represents nothing, and its rack has %d representatives", a.Addr, w.Card(rack))
	}
	for _, peer := range handout.Peers {
		w.see(t, h, peer)
	}
	w.checkCrossings(t)
}

// see notes who was handed to whom.
func (w *witness) see(t *rapid.T, h *seenHost, peer tracker.Peer) {
	n := storetest.HostNumber(peer)
	if n >= len(w.hosts) || &w.hosts[n] == h || !w.isLive(&w.hosts[n]) {
		t.Fatalf("R4: %v is handed %v", h.last.Addr, peer)
	}
	other := &w.hosts[n]
	if h.last.Left == 0 && other.last.Left == 0 {
		t.Fatalf("R4: seeder %v is handed seeder %v", h.last.Addr, peer)
	}
	w.cross(t, h, other.last.Location)
	w.cross(t, other, h.last.Location)
}

// cross notes which groups of a host another location is outside of.
func (w *witness) cross(t *rapid.T, h *seenHost, other tracker.Location) {
	for _, group := range h.last.Location.Groups() {
		if other.Within(tracker.Location(group)) {
			break
		}
		h.crossed[group] = true
	}
	if able := w.countAble(h.last.Location); h.isPaused() && !other.Within(h.last.Location) && able >= w.rules.MaxReprRack {
		t.Fatalf("partial seed %v crosses, where %d others are", h.last.Addr, able)
	}
}

func isAble(h *seenHost) bool { return !h.isPaused() }

// countAble counts the live hosts of a rack that are no partial seeds.
func (w *witness) countAble(rack tracker.Location) int {
	return len(w.live(func(h *seenHost) bool { return h.last.Location == rack && isAble(h) }))
}

func (w *witness) checkCrossings(t *rapid.T) {
	crossed := map[string][]netip.AddrPort{}
	for i := range w.hosts {
		if h := &w.hosts[i]; w.isLive(h) && isAble(h) {
			for group := range h.crossed {
				crossed[group] = append(crossed[group], h.last.Addr)
			}
		}
	}
	for group, hosts := range crossed {
		if len(hosts) > w.rules.MaxReprRack {
			t.Fatalf("R1: the border of %s is crossed by %v", group, hosts)
		}
	}
}

// checkStored holds the lists in Redis against what hosts said of themselves, and against each other. It is
// to be called after an announce: that has let everybody go who was due.
func (w *witness) checkStored(t *rapid.T) {
	k := keys.Of(storetest.Hash(1))
	isSeeder := func(h *seenHost) bool { return h.last.Left == 0 }
	w.checkSet(t, k.Seeders(), w.live(isSeeder))
	w.checkSet(t, k.Leechers(), w.live(func(h *seenHost) bool { return !isSeeder(h) }))
	w.checkSet(t, k.Paused(), w.live((*seenHost).isPaused))
	represents := map[string][]string{} // contacts of each group's representatives
	var ofRacks []string
	for _, rack := range w.locations {
		inRack := func(h *seenHost) bool { return h.last.Location == rack }
		w.checkSet(t, k.RackPeers(rack), w.live(inRack))
		w.checkSet(t, k.RackSeeders(rack), w.live(func(h *seenHost) bool { return inRack(h) && isSeeder(h) }))
		ofRacks = append(ofRacks, w.SetMembers(k.RackRepresentatives(rack))...)
		for _, group := range rack.Groups() {
			represents[group] = w.representatives(t, group)
		}
	}
	slices.Sort(ofRacks)
	w.checkSet(t, k.Representatives(), slices.Compact(ofRacks))
	for group, swarm := range w.around(represents) {
		base := k.Swarm(group)
		if group == "" {
			base = k.GlobalSwarm()
		}
		stored := readSwarm(w.Fixture, base)
		for part, contacts := range stored.standing {
			for _, contact := range contacts {
				h := w.hostOf(contact)
				if isSeeder(h) != (part == "seeders") {
					t.Fatalf("%v is among the %s of %q", h.last, part, group)
				}
			}
		}
		standing := slices.Sorted(slices.Values(slices.Concat(stored.standing["seeders"], stored.standing["leechers"])))
		if slices.Sort(swarm); !slices.Equal(standing, swarm) {
			t.Fatalf("in the swarm %q are %q, expected %q", group, standing, swarm)
		}
	}
}

// representatives of a group, as their contacts.
func (w *witness) representatives(t *rapid.T, group string) (contacts []string) {
	stored := readSwarm(w.Fixture, keys.Of(storetest.Hash(1)).Swarm(group))
	var addresses []string
	for _, line := range stored.representatives {
		state, contact, _ := strings.Cut(line, " ")
		h := w.hostOf(contact)
		if !w.isLive(h) || (state == "seeder") != (h.last.Left == 0) || (state == "paused") != h.isPaused() {
			t.Fatalf("%s has the representative %q, a host that said %+v", group, line, h.last)
		}
		contacts, addresses = append(contacts, contact), append(addresses, h.last.Addr.String())
	}
	slices.Sort(addresses)
	w.checkSet(t, keys.Of(storetest.Hash(1)).RackRepresentatives(tracker.Location(group)), addresses)
	if len(contacts) > w.rules.MaxReprRack {
		t.Fatalf("R1: %s has the representatives %q", group, contacts)
	}
	return contacts
}

// around is who is in each swarm: the live hosts of a rack, and the representatives of the groups right below.
func (w *witness) around(represents map[string][]string) map[string][]string {
	swarms := map[string][]string{"": nil}
	for _, rack := range w.locations {
		swarms[rack.Groups()[0]] = nil
	}
	for i := range w.hosts {
		if h := &w.hosts[i]; w.isLive(h) {
			rack := h.last.Location.Groups()[0]
			swarms[rack] = append(swarms[rack], contactOf(h))
		}
	}
	below := map[string]string{}
	for _, rack := range w.locations {
		groups := append(rack.Groups(), "")
		for i, group := range groups[:len(groups)-1] {
			below[group] = groups[i+1]
		}
	}
	for group, next := range below {
		swarms[next] = append(swarms[next], represents[group]...)
	}
	return swarms
}

func contactOf(h *seenHost) string {
	if h.last.Also.IsValid() {
		return fmt.Sprintf("%v %v", h.last.Addr, h.last.Also)
	}
	return h.last.Addr.String()
}

func (w *witness) hostOf(contact string) *seenHost {
	first, _, _ := strings.Cut(contact, " ")
	return &w.hosts[storetest.HostNumber(tracker.Peer{Addr4: netip.MustParseAddrPort(first)})]
}

// live lists the addresses of live hosts that are so.
func (w *witness) live(so func(*seenHost) bool) []string {
	list := map[string]bool{}
	for i := range w.hosts {
		if h := &w.hosts[i]; w.isLive(h) && so(h) {
			list[h.last.Addr.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(list))
}

// checkSet expects a set's members, sorted.
func (w *witness) checkSet(t *rapid.T, key string, want []string) {
	t.Helper()
	got := w.SetMembers(key)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Fatalf("%s = %q, expected %q", key, got, want)
	}
}

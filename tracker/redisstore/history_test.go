package redisstore_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Random histories of a transfer, through several frontends, against the model:
// after every announce its reply and all that is stored must agree.

const (
	historyFrontends = 3
	shortestTTL      = 300 // seconds
)

// mostExpire is how many hosts expire in a call, at most (lua/chapters/expiry.lua). Histories have no
// more live ones, so that none is left over.
const mostExpire = 16

// historyPlaces are where the hosts of a history stand: few racks, so that most
// represent nothing; groups that are racks, too; paths of every depth.
var historyPlaces = [][]tracker.Location{
	{"r1"},
	{"r1", "%7Br2%7D"},
	{"dc1", "dc1", "dc1/r1", "dc1/r2"},
	{"dc1/row1/r1", "dc1/row1/r2", "dc1/row2/r1", "r2"},
	{"dc2/row1/x/r1", "dc2/row1/x/r2", "dc2/row2/x/r1", "dc1/A%2F12%3AN"},
}

func TestHistories(t *testing.T) { testHistories(t, tracker.ScopeTransfer) }

// With a single transfer the scope makes no difference.
func TestHistoriesByRack(t *testing.T) { testHistories(t, tracker.ScopeRack) }

func testHistories(t *testing.T, scope tracker.ReprScope) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		stores := []*redisstore.Store{f.Store}
		for len(stores) < historyFrontends {
			stores = append(stores, storetest.Open(t, f.Opts))
		}
		rapid.Check(t, func(t *rapid.T) {
			h := newHistory(t, f, stores, 12)
			h.scope, h.rtorrents = scope, rapid.SampledFrom([]int{3, 3, 1}).Draw(t, "rtorrents")
			h.clones = rapid.SampledFrom([]int{0, 0, 2, 5}).Draw(t, "clones")
			h.locations = rapid.SampledFrom(historyPlaces).Draw(t, "locations")
			t.Repeat(map[string]func(*rapid.T){
				"announce": h.announce,
				"wait":     h.wait,
				"":         h.checkStored,
			})
		})
	})
}

// TestHistoriesWithBacklog has more hosts and racks than one call may let expire.
// Then the counts may lag, and only they: nobody who is due is handed out or keeps
// a place. In the end all is cleared away.
func TestHistoriesWithBacklog(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, f, []*redisstore.Store{f.Store}, 60)
		h.locations, h.lags = slices.Concat(historyPlaces...), true
		for n := range rapid.IntRange(0, h.machines).Draw(t, "start") {
			h.send(t, f.Store, n, storetest.AnnounceOf(storetest.Hash(1), h.locations[n%len(h.locations)], n))
		}
		t.Repeat(map[string]func(*rapid.T){"announce": h.announce, "wait": h.wait})
		for range 40 {
			h.send(t, f.Store, 0, storetest.AnnounceOf(storetest.Hash(1), "r1", 0))
		}
		h.checkStored(t)
	})
}

type history struct {
	*storetest.Fixture
	stores    []*redisstore.Store
	model     *model
	machines  int
	rtorrents int                      // every so manieth machine has that client
	last      map[int]tracker.Announce // of each machine
	locations []tracker.Location
	lags      bool // expiry may lag behind
	steps     int
	scope     tracker.ReprScope
	clones    int // the first so many machines are of one image: they have one peer id and key
	claims    claims
}

// newHistory begins with a transfer that nobody has announced.
func newHistory(t *rapid.T, f *storetest.Fixture, stores []*redisstore.Store, machines int) *history {
	for _, key := range f.Keys("*{*") { // those of leases, too
		f.Command("DEL", key)
	}
	torrent := tracker.Torrent{Name: "payload", InfoHash: storetest.Hash(1), Length: storetest.Length, File: []byte("x")}
	if _, err := f.AddTorrent(context.Background(), torrent); err != nil {
		t.Fatal(err)
	}
	return &history{
		Fixture: f, stores: stores, model: &model{places: map[string][]*modelHost{}, told: map[string]int64{}, racks6: map[tracker.Location]tracker.Location{}, newest: map[string]*modelHost{}}, machines: machines, rtorrents: 3,
		last: map[int]tracker.Announce{}, claims: claims{map[netip.AddrPort]claim{}, map[int]map[string]bool{}},
	}
}

func (h *history) wait(t *rapid.T) {
	h.Advance(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 1, 1, 3, 3, 8, 30, 100, 330, 700}).Draw(t, "seconds")) * time.Second)
}

// announce of one of the machines: mostly the same as before, as in life.
func (h *history) announce(t *rapid.T) {
	if !h.lags && len(h.model.living()) >= mostExpire { // then all of them are due
		h.Advance(1000 * time.Second)
	}
	n := rapid.IntRange(0, h.machines-1).Draw(t, "machine")
	a, known := h.last[n]
	if known && rapid.IntRange(0, 9).Draw(t, "changes") < 6 {
		a.Event, a.NumWant, a.Compact, a.MaxReprRack = tracker.EventNone, tracker.NumWantDefault, true, 2
	} else {
		a = h.changed(t, n)
	}
	h.send(t, h.stores[rapid.IntRange(0, len(h.stores)-1).Draw(t, "frontend")], n, a)
}

// changed is an announce of any of a machine's incarnations, from any of its
// addresses.
func (h *history) changed(t *rapid.T, n int) tracker.Announce {
	a := storetest.AnnounceOf(storetest.Hash(1), h.locations[n%len(h.locations)], n)
	if rapid.IntRange(0, 3).Draw(t, "moves") == 0 {
		a.Location = rapid.SampledFrom(h.locations).Draw(t, "location")
	}
	if n < h.clones {
		a.PeerID = storetest.AnnounceOf(storetest.Hash(1), "", 0).PeerID
	}
	if n%h.rtorrents == 0 {
		copy(a.PeerID[:], "-lt0D80-")
	}
	a.PeerID[7] = rapid.SampledFrom([]byte("aaabc")).Draw(t, "incarnation")
	switch rapid.SampledFrom([]string{"4", "4", "4", "6", "both", "port", "second"}).Draw(t, "address") {
	case "6":
		a.Addr = storetest.SixOf(n)
	case "both":
		a.Also = storetest.SixOf(n)
	case "port":
		if !h.lags { // whether a host's machine has another one depends on who has expired
			a.Addr = netip.AddrPortFrom(a.Addr.Addr(), 7000)
		}
	case "second":
		a.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 200, 0, byte(n)}), 6881)
	}
	a.Event = rapid.SampledFrom([]tracker.Event{
		tracker.EventNone, tracker.EventNone, tracker.EventStarted, tracker.EventStarted, tracker.EventCompleted,
		tracker.EventPaused, tracker.EventStopped,
	}).Draw(t, "event")
	if a.Event == tracker.EventStopped && rapid.IntRange(0, 3).Draw(t, "port 0") == 0 {
		a.Addr = netip.AddrPortFrom(a.Addr.Addr(), 0)
	}
	if h.lags && n%h.rtorrents == 0 && a.Event == tracker.EventStarted { // whether an rtorrent is deferred depends on who has expired
		a.Event = tracker.EventNone
	}
	if h.lags && a.Event == tracker.EventPaused { // whether a partial seed represents its rack likewise
		a.Event = tracker.EventNone
	}
	a.Left = rapid.SampledFrom([]uint64{0, 1, 400, storetest.Length, tracker.LeftUnknown}).Draw(t, "left")
	a.Downloaded = rapid.SampledFrom([]uint64{0, 0, 0, 5}).Draw(t, "downloaded")
	a.NumWant = rapid.SampledFrom([]int{-1, 0, 1, 3, 5, 200}).Draw(t, "numwant")
	a.MaxReprRack = rapid.SampledFrom([]int{1, 2, 2, 2, 2, 3}).Draw(t, "max_repr_rack")
	a.OutsidePeers = rapid.SampledFrom([]int{0, 0, 1, 20, 200}).Draw(t, "outside_peers")
	if !h.lags && h.scope == tracker.ScopeTransfer { // else who was due by a short one may not be by the next
		a.PeerTTL = rapid.SampledFrom([]time.Duration{660, 660, 660, shortestTTL, 900}).Draw(t, "ttl") * time.Second
	}
	a.Compact = rapid.Bool().Draw(t, "compact")
	return a
}

// send announces to a frontend and to the model, and compares.
func (h *history) send(t *rapid.T, frontend *redisstore.Store, n int, a tracker.Announce) {
	if a.Addr.Port() != 0 {
		h.last[n] = a
	}
	a.ReprScope, h.model.scope = h.scope, h.scope
	handout, err := frontend.Announce(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	storetest.AwaitBackground(t, frontend)
	h.model.now = h.Now().Unix()
	host := h.model.announce(a)
	if host == nil {
		host = &modelHost{}
	}
	h.checkCounts(t, host, handout)
	if handout.Defer != h.model.deferred {
		t.Fatalf("deferred: %v, expected %v", handout.Defer, h.model.deferred)
	}
	if !handout.Defer {
		h.claims.note(a, n, h.model.now)
	}
	h.checkHandout(t, a, host, handout.Peers)
}

func (h *history) checkCounts(t *rapid.T, host *modelHost, got tracker.Handout) {
	complete, incomplete, _ := h.model.counts()
	if h.lags {
		complete, incomplete = max(complete, got.Complete), max(incomplete, got.Incomplete)
	}
	if got.Complete != complete || got.Incomplete != incomplete || got.Downloaded != h.model.downloaded {
		t.Fatalf("R9: counts %d/%d/%d, expected %d/%d/%d",
			got.Complete, got.Incomplete, got.Downloaded, complete, incomplete, h.model.downloaded)
	}
	if got.Represents != host.represents {
		t.Fatalf("R1, R6: represents %d groups, expected %d", got.Represents, host.represents)
	}
}

// checkHandout holds a reply against R1 to R5.
func (h *history) checkHandout(t *rapid.T, a tracker.Announce, host *modelHost, peers []tracker.Peer) {
	if !host.live {
		if len(peers) != 0 {
			t.Fatalf("R5: %d peers for a host that stops", len(peers))
		}
		return
	}
	eligible := h.model.eligible(host)
	total, outside := eligible.shares(wanted(a), a.OutsidePeers)
	if len(peers) != total {
		t.Fatalf("R5: %d peers, expected %d", len(peers), total)
	}
	counted := map[string]int{}
	seen := map[*modelHost]bool{}
	for i, peer := range peers {
		other := h.model.at(peer.Addr4)
		if other == nil {
			other = h.model.at(peer.Addr6)
		}
		switch {
		case other == nil || seen[other]:
			t.Fatalf("R4, R7: peer %v is nobody, or handed twice", peer)
		case !a.Compact && string(peer.ID[:]) != other.id[:20]:
			t.Fatalf("peer %v has id %q, expected %q", peer, peer.ID, other.id[:20])
		case eligible.fellows[other]:
			counted["fellow"]++
			if i >= len(eligible.fellows) {
				t.Fatalf("R2, R3: a representative of the rack comes only at %d", i)
			}
		case slices.ContainsFunc(eligible.outside, func(swarm map[*modelHost]bool) bool { return swarm[other] }):
			counted["outside"]++
		case eligible.rackPeers[other]:
			counted["rack"]++
		default:
			t.Fatalf("R1, R4: %v is handed %v", host, other)
		}
		seen[other] = true
		if got := [2]netip.AddrPort{peer.Addr4, peer.Addr6}; !sameAddresses(got, other) {
			t.Fatalf("R7: handed %v, expected %v %v", got, other.addr, other.also)
		}
	}
	if third := min((wanted(a)+2)/3, outside, max(wanted(a)-len(eligible.fellows), 0)); counted["outside"] < third {
		t.Fatalf("R3: %d of %d peers are from outside, expected %d", counted["outside"], len(peers), third)
	}
	if counted["outside"] != outside {
		t.Fatalf("%d peers from outside, expected %d", counted["outside"], outside)
	}
}

// checkStored holds all that is stored against the model. What is due but not
// expired yet stays until the next announce, as in the script.
func (h *history) checkStored(t *rapid.T) {
	k := keys.Of(storetest.Hash(1))
	expected := map[string][]string{
		k.Peers():           set(h.model.hosts, func(*modelHost) bool { return true }),
		k.Seeders():         set(h.model.living(), func(x *modelHost) bool { return x.seeder }),
		k.Leechers():        set(h.model.living(), func(x *modelHost) bool { return !x.seeder }),
		k.Paused():          set(h.model.living(), func(x *modelHost) bool { return x.paused }),
		k.Representatives(): set(h.model.living(), func(x *modelHost) bool { return x.represents > 0 }),
	}
	for _, location := range h.locations {
		inRack := func(x *modelHost) bool { return x.location == location }
		expected[k.RackPeers(location)] = set(h.model.living(), inRack)
		expected[k.RackSeeders(location)] = set(h.model.living(), func(x *modelHost) bool { return inRack(x) && x.seeder })
		for _, group := range location.Groups() {
			expected[k.RackRepresentatives(tracker.Location(group))] = set(h.model.living(), func(x *modelHost) bool { return h.model.represents(x, group) })
			h.checkSwarm(t, k.Swarm(group), group, h.model.swarm(group))
		}
	}
	h.checkSwarm(t, k.GlobalSwarm(), "", h.model.swarm(""))
	for key, want := range expected {
		got := h.SetMembers(key)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s = %q, expected %q", key, got, want)
		}
	}
	stats, err := h.Statistics(context.Background(), storetest.Hash(1), true)
	if err != nil {
		t.Fatal(err)
	}
	var total tracker.Progress
	for rack, want := range h.model.progress() {
		if got := stats.Racks[rack].Progress; got != want {
			t.Fatalf("progress of %s is %+v, expected %+v", rack, got, want)
		}
		total = total.Add(want)
	}
	if stats.Progress != total {
		t.Fatalf("progress is %+v, expected %+v", stats.Progress, total)
	}
	if h.steps++; h.lags || h.steps%4 == 0 { // they look at each host
		h.checkMachines(t)
		h.checkStates(t, stats.Statistics)
	}
	h.checkIdentities(t)
	h.checkClaims(t)
}

// checkSwarm compares a swarm: its numbers, who represents its group, and its pages, of which
// all but the last are full.
func (h *history) checkSwarm(t *rapid.T, base, group string, want []*modelHost) {
	got := readSwarm(h.Fixture, base)
	for part, seeder := range map[string]bool{"seeders": true, "leechers": false} {
		var contacts []string
		for _, host := range want {
			if host.seeder == seeder {
				contacts = append(contacts, contact(host))
			}
		}
		slices.Sort(contacts)
		slices.Sort(got.standing[part])
		if !slices.Equal(got.standing[part], contacts) || got.counts[part] != len(contacts) {
			t.Fatalf("%s of %s = %q, counted %d, expected %q", part, base, got.standing[part], got.counts[part], contacts)
		}
	}
	if paused := len(slices.DeleteFunc(slices.Clone(want), func(x *modelHost) bool { return !x.paused })); got.paused != paused {
		t.Fatalf("%d of %s are paused, expected %d", got.paused, base, paused)
	}
	var lines []string
	for _, host := range h.model.places[group] {
		lines = append(lines, lineOf(host))
	}
	if !slices.Equal(got.representatives, lines) {
		t.Fatalf("representatives in %s = %q, expected %q", base, got.representatives, lines)
	}
}

// lineOf is a representative as it is kept with its group.
func lineOf(h *modelHost) string {
	state := "leecher "
	switch {
	case h.seeder:
		state = "seeder "
	case h.paused:
		state = "paused "
	}
	return state + contact(h)
}

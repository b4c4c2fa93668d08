package redisstore_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Who is which host, in the model: see lua/chapters/identity.lua.

// known returns who announces, if it was seen before.
func (m *model) known(a tracker.Announce) *modelHost {
	m.replaced = nil
	h := m.at(a.Addr)
	if h != nil && h.id == string(a.PeerID[:])+a.Key {
		return h
	}
	if a.Event != tracker.EventStopped { // a late stop displaces nobody
		m.replaced = h
	}
	if stopping := m.stopping(a); stopping != nil {
		return stopping
	}
	return m.otherHalf(a)
}

// stopping is the only host with its peer id and key on the machine of a host that stops and says port 0.
func (m *model) stopping(a tracker.Announce) (found *modelHost) {
	if a.Event != tracker.EventStopped || a.Addr.Port() != 0 {
		return nil
	}
	for _, h := range m.called(string(a.PeerID[:]) + a.Key) {
		switch {
		case h.addr.Addr() != a.Addr.Addr() && h.also.Addr() != a.Addr.Addr():
		case found != nil:
			return nil
		default:
			found = h
		}
	}
	return found
}

// otherHalf is the host that has announced by the other family only: at the address that the announce
// says, or the only one with its peer id and key.
func (m *model) otherHalf(a tracker.Announce) *modelHost {
	id := string(a.PeerID[:]) + a.Key
	h := m.at(a.Also)
	if !a.Also.IsValid() {
		h = m.only(id)
	}
	if h == nil || h.id != id || h.also.IsValid() || sameFamily(h.addr, a.Addr) {
		return nil
	}
	return h
}

// only is the one host with a peer id and key. Of several it was the last to come.
func (m *model) only(id string) *modelHost {
	if len(m.called(id)) != 1 {
		return nil
	}
	return m.newest[id]
}

// attach gives a host an address of the other family. One that has both is known by the IPv4 one.
func (m *model) attach(h *modelHost, addr netip.AddrPort) {
	if !addr.IsValid() || sameFamily(addr, h.addr) || addr == h.also {
		return
	}
	if other := m.at(addr); other != nil && other.id == h.id && other.also == addr {
		m.detach(other)
	} else {
		m.remove(other)
	}
	h.also = addr
	if addr.Addr().Is4() {
		h.addr, h.also = addr, h.addr
	}
	m.withdraw(h, 0)
}

func (m *model) detach(h *modelHost) {
	h.also = netip.AddrPort{}
	m.withdraw(h, 0)
}

// called are the hosts with a peer id and key.
func (m *model) called(id string) (list []*modelHost) {
	for _, h := range m.hosts {
		if h.id == id {
			list = append(list, h)
		}
	}
	return list
}

// enrol counts a new host. If one other host had its peer id and key, that one's other address may be the new
// one's.
func (m *model) enrol(h *modelHost) {
	for _, namesake := range m.called(h.id) {
		if len(m.called(h.id)) == 2 && m.newest[h.id] == namesake && namesake.also.IsValid() {
			m.detach(namesake)
		}
	}
	m.newest[h.id] = h
}

// checkIdentities holds the index of peer ids and keys against the model.
func (h *history) checkIdentities(t *rapid.T) {
	want := map[string]string{}
	for _, host := range h.model.hosts {
		entry := ""
		if newest := h.model.newest[host.id]; newest != nil {
			entry = newest.addr.String()
		}
		if n := len(h.model.called(host.id)); n > 1 || entry == "" {
			entry += fmt.Sprint(" ", n)
		}
		want[indexed(host.id)] = entry
	}
	if got := identities(h.Fixture, storetest.Hash(1)); !maps.Equal(got, want) {
		t.Fatalf("identities are %q, expected %q", got, want)
	}
}

// indexed is a peer id and key as the index has it.
func indexed(id string) string {
	sum := sha1.Sum([]byte(id))
	return hex.EncodeToString(sum[:])[:12]
}

// claims are the IPv4 addresses at which somebody must be live, without the model: by when it last announced.
type claims struct {
	at  map[netip.AddrPort]claim
	ids map[int]map[string]bool // that each machine ever had
}

type claim struct {
	at int64
	id string
}

// note keeps an announce that was recorded. Two clones may have been joined by the only address that each of
// them had announced yet: whoever stops, or starts anew on a machine, may take others of its peer id and key along.
func (c claims) note(a tracker.Announce, n int, now int64) {
	id := string(a.PeerID[:]) + a.Key
	maps.DeleteFunc(c.at, func(_ netip.AddrPort, old claim) bool {
		return old.id == id && a.Event == tracker.EventStopped || old.id != id && c.ids[n][old.id]
	})
	if c.ids[n] == nil {
		c.ids[n] = map[string]bool{}
	}
	c.ids[n][id] = true
	if a.Event != tracker.EventStopped && a.Addr.Addr().Is4() {
		c.at[a.Addr] = claim{now, id}
	}
}

// checkClaims: each address that announced not long ago is live, once.
func (h *history) checkClaims(t *rapid.T) {
	k := keys.Of(storetest.Hash(1))
	live := append(h.SetMembers(k.Seeders()), h.SetMembers(k.Leechers())...)
	for addr, claim := range h.claims.at {
		n := len(slices.DeleteFunc(slices.Clone(live), func(member string) bool { return member != addr.String() }))
		if claim.at > h.Now().Unix()-shortestTTL && n != 1 {
			t.Fatalf("R7: %s announced %d s ago, and is live %d times: %q", addr, h.Now().Unix()-claim.at, n, live)
		}
	}
}

// contact is a host as it is handed out.
func contact(h *modelHost) string {
	if h.also.IsValid() {
		return h.addr.String() + " " + h.also.String()
	}
	return h.addr.String()
}

func sameAddresses(got [2]netip.AddrPort, h *modelHost) bool {
	return got == [2]netip.AddrPort{h.addr, h.also} || got == [2]netip.AddrPort{h.also, h.addr}
}

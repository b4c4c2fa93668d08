package tracker

import (
	"math"
	"math/rand/v2"
	"slices"
)

// View is what a host may see of a transfer: its rack's swarm, and the swarm around each group that it
// represents, from the rack outwards. Contacts name hosts, each host by one and the same text.
//
// A View may be used for one handout after another: it keeps its slices, which would be most of what an announce
// allocates.
type View struct {
	swarms []SwarmView
	first  []string // handed out before all others
	chosen []string
}

// SwarmView is what a host may see of one swarm.
type SwarmView struct {
	Leechers        int // how many are in it, in view or not
	Seeders         int // likewise
	Representatives []Representative
	Hosts           []string // contacts in view; some may be representatives, one the host itself

	most int // peers of it, at most
}

// Representative is one of the swarm's own group.
type Representative struct {
	Contact string
	Seeder  bool
}

// Reset empties the view.
func (v *View) Reset() { v.swarms = v.swarms[:0] }

// Swarms is how many swarms are in view.
func (v *View) Swarms() int { return len(v.swarms) }

// AddSwarm adds the next swarm outwards, empty. The result is valid until the next call.
func (v *View) AddSwarm() *SwarmView {
	n := len(v.swarms)
	v.swarms = slices.Grow(v.swarms, 1)[:n+1] // one of an earlier handout, with its slices
	s := &v.swarms[n]
	*s = SwarmView{Representatives: s.Representatives[:0], Hosts: s.Hosts[:0]}
	return s
}

// Choose returns the contacts that a host is handed, want at most: first its fellow representatives of the rack,
// then peers from outside, then others of its rack (R2, R3). A seeder is handed no seeders (R4): the script
// has left seeders out of Hosts. outside: peers of each swarm around a group, 0 for
// as many as hold it together; a third of what is wanted if that is more. The result is valid until the next
// call.
func (v *View) Choose(self string, seeder bool, want, outside int) []string {
	v.chosen = v.chosen[:0]
	if len(v.swarms) == 0 {
		return nil
	}
	v.setApart(self, seeder)
	for i := 1; i < len(v.swarms); i++ {
		v.swarms[i].bound(want, outside)
	}
	v.chosen = append(v.chosen, v.first[:min(len(v.first), want)]...)
	left := want - len(v.chosen)
	for i := 1; i < len(v.swarms); i++ {
		n := v.quota(i, left)
		left -= n
		v.draw(v.swarms[i].Hosts, n)
	}
	mates := v.swarms[0].Hosts
	v.draw(mates, min(len(mates), want-len(v.chosen)))
	return v.chosen
}

// setApart sets apart the representatives of the rack, which come first. In a swarm around a group the
// group's own representatives are no outside peers.
func (v *View) setApart(self string, seeder bool) {
	for i := range v.swarms {
		own := v.swarms[max(i-1, 0)].Representatives
		v.swarms[i].Hosts = slices.DeleteFunc(v.swarms[i].Hosts, func(contact string) bool {
			return contact == self || slices.ContainsFunc(own, func(r Representative) bool { return r.Contact == contact })
		})
	}
	v.first = v.first[:0]
	for _, r := range v.swarms[0].Representatives {
		if r.Contact != self && !(seeder && r.Seeder) {
			v.first = append(v.first, r.Contact)
		}
	}
}

// bound says how many peers of a swarm around a group are handed out at most.
func (s *SwarmView) bound(want, outside int) {
	if outside == 0 {
		outside = enough(s.Leechers + s.Seeders)
	}
	s.most = min(max(outside, third(want)), len(s.Hosts))
}

// enough are so many peers in a swarm of n: twice its logarithm. A random graph of n nodes holds together if
// each has somewhat more than ln n others, and a peer that one is handed has one more, too. More would be in the way:
// clients hold some fifty connections, many let a few peers fetch at a time, and the rack's own hosts come
// later. docs/simulator.md has what other numbers lead to.
func enough(n int) int {
	return int(math.Ceil(2 * math.Log(float64(max(n, 100))))) // below that there is nothing to save
}

// third is R3's, rounded up.
func third(n int) int { return (n + 2) / 3 }

// quota says how many of so many come from a swarm: each leaves a third to those farther out, if there are that
// many.
func (v *View) quota(i, offered int) int {
	far := 0
	for _, swarm := range v.swarms[i+1:] {
		far += swarm.most
	}
	return min(v.swarms[i].most, offered-min(third(offered), far))
}

// draw chooses n at random.
func (v *View) draw(contacts []string, n int) {
	for i := range n {
		j := i + rand.IntN(len(contacts)-i)
		contacts[i], contacts[j] = contacts[j], contacts[i]
	}
	v.chosen = append(v.chosen, contacts[:n]...)
}

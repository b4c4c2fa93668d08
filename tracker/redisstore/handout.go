package redisstore

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The script says whom a host may be handed, swarm by swarm; which of them it is handed is
// chosen here.

// sighting is what a script tells of one swarm: a host's rack, or one around a group that it
// represents. Contacts are hosts as they are handed out: one or two addresses, parted by a blank.
type sighting struct {
	leechers        int      // how many stand in it, whoever of them is in view
	seeders         int      // likewise
	representatives []string // contacts, of the swarm's own group
	seeding         []bool   // which of these are seeders
	others          []string // contacts; some may be representatives, one the host itself
	most            int      // so many of them are handed out at most
}

// choice is the work of one handout. It is kept for others: its slices would be most of what an
// announce allocates.
type choice struct {
	swarms []sighting
	first  []string // handed out before all others
	chosen []string
}

var choices = sync.Pool{New: func() any { return new(choice) }}

// choosePeers returns the peers that a host is handed, from the views of announce.lua. self is its
// own contact; came: it lacks something and represented nothing before.
func choosePeers(views []rueidis.RedisMessage, self string, came bool, a tracker.Announce) ([]tracker.Peer, error) {
	c := choices.Get().(*choice)
	defer choices.Put(c)
	if err := c.read(views); err != nil {
		return nil, err
	}
	c.sort(self, a.Left == 0)
	c.bound(a)
	c.choose(want(a), came)
	return readContacts(c.chosen)
}

// read takes the views apart: a swarm's own text, those of its shelves, that of the next swarm;
// see the header of announce.lua. Each contact on a shelf is begun by a line feed.
func (c *choice) read(views []rueidis.RedisMessage) error {
	c.swarms = c.swarms[:0]
	for _, message := range views {
		text, err := message.ToString()
		if err != nil {
			return err
		}
		shelf, isShelf := strings.CutPrefix(text, "\n")
		switch {
		case text == "": // a shelf of hosts who are due
		case !isShelf:
			if err := c.addSwarm(text); err != nil {
				return err
			}
		case len(c.swarms) > 0:
			c.swarms[len(c.swarms)-1].readShelf(shelf)
		}
	}
	return nil
}

func (c *choice) addSwarm(text string) error {
	n := len(c.swarms)
	if n > tracker.MaxGroups {
		return errors.New("too many swarms")
	}
	c.swarms = slices.Grow(c.swarms, 1)[:n+1] // one of an earlier handout, with its slices
	s := &c.swarms[n]
	s.representatives, s.seeding, s.others = s.representatives[:0], s.seeding[:0], s.others[:0]
	numbers, lines, _ := strings.Cut(text, "\n")
	return s.readRepresentatives(numbers, lines)
}

// readRepresentatives reads the lines of a swarm's own text, behind its numbers.
func (s *sighting) readRepresentatives(numbers, lines string) error {
	if lines != "" {
		for line := range strings.SplitSeq(lines, "\n") {
			kind, contact, _ := strings.Cut(line, " ")
			s.representatives = append(s.representatives, contact)
			s.seeding = append(s.seeding, kind == "seeder")
		}
	}
	var counts [5]int // generation, leechers, seeders, paused, representatives
	var err error
	rest := numbers
	for i := range counts {
		var count string
		count, rest, _ = strings.Cut(rest, " ")
		if counts[i], err = strconv.Atoi(count); err != nil {
			return fmt.Errorf("%q: %w", numbers, err)
		}
	}
	if counts[4] != len(s.representatives) {
		return fmt.Errorf("%q, and %d representatives", numbers, len(s.representatives))
	}
	s.leechers, s.seeders = counts[1], counts[2]
	return nil
}

func (s *sighting) readShelf(lines string) {
	for more := true; more; {
		var contact string
		contact, lines, more = strings.Cut(lines, "\n")
		s.others = append(s.others, contact)
	}
}

// sort sets apart who comes first: those who represent the rack. In a swarm around a group the
// group's own representatives are no outside peers.
func (c *choice) sort(self string, seeder bool) {
	c.first = c.first[:0]
	for i := range c.swarms {
		own := c.swarms[max(i-1, 0)].representatives
		c.swarms[i].others = slices.DeleteFunc(c.swarms[i].others, func(contact string) bool {
			return contact == self || slices.Contains(own, contact)
		})
	}
	if len(c.swarms) == 0 {
		return
	}
	for i, contact := range c.swarms[0].representatives {
		if contact != self && !(seeder && c.swarms[0].seeding[i]) {
			c.first = append(c.first, contact)
		}
	}
}

// bound says how many peers from outside a host is handed at most, of the swarm around each group that it
// represents: a third of what it wants, as R3 has it, or what is set or enough, if that is more.
func (c *choice) bound(a tracker.Announce) {
	for i := 1; i < len(c.swarms); i++ {
		s := &c.swarms[i]
		outside := a.OutsidePeers
		if outside == 0 {
			outside = enough(s.leechers + s.seeders)
		}
		s.most = min(max(outside, (want(a)+2)/3), len(s.others))
	}
}

// enough are so many peers in a swarm of n: twice its logarithm. A random graph of n nodes holds together if
// each has somewhat more than ln n others, and a peer that one is handed has one more, too. More would be in the way:
// clients hold some fifty connections, many let a few peers fetch at a time, and the rack's own hosts come
// later. docs/simulator.md has what other numbers lead to.
func enough(n int) int {
	return int(math.Ceil(2 * math.Log(float64(max(n, 100))))) // below that there is nothing to save
}

// choose takes as many as are wanted: those who come first, peers from outside, peers of the
// rack (R2, R3).
func (c *choice) choose(want int, came bool) {
	c.chosen = append(c.chosen[:0], c.first[:min(len(c.first), want)]...)
	outside := want - len(c.chosen)
	for i := 1; i < len(c.swarms); i++ {
		n := c.quota(i, outside)
		outside -= n
		if s := c.swarms[i]; came && s.leechers > s.seeders {
			c.drawNewest(s.others, n, (s.leechers-1)%shelf)
		} else {
			c.draw(s.others, n)
		}
	}
	if len(c.swarms) > 0 {
		others := c.swarms[0].others
		c.draw(others, min(len(others), want-len(c.chosen)))
	}
}

// quota says how many of so many come from a swarm: each leaves a third to those farther out, if there are that
// many.
func (c *choice) quota(i, offered int) int {
	var far int
	for _, swarm := range c.swarms[i+1:] {
		far += swarm.most
	}
	return min(c.swarms[i].most, offered-min((offered+2)/3, far))
}

// draw chooses n at random.
func (c *choice) draw(contacts []string, n int) {
	for i := range n {
		j := i + rand.IntN(len(contacts)-i)
		contacts[i], contacts[j] = contacts[j], contacts[i]
	}
	c.chosen = append(c.chosen, contacts[:n]...)
}

const (
	shelf  = 64 // hosts on a shelf, see lua/include/shelf.lua
	newest = 16 // of those who came last, at most, one is rather handed that comes to a swarm
)

// drawNewest chooses n, half of them among the newest: contacts ends with a shelf, on which that many stand in the order
// in which they came. Peers connect both ways: who came early is handed to all who come later, and who comes last
// has those only whom it is handed itself. So all have about as many, and of a few thousand who start at once
// nobody waits long for its share; see docs/simulator.md. Later announces do without, or else all would connect
// to the same few; and where most have everything, nobody needs them.
func (c *choice) drawNewest(contacts []string, n, onShelf int) {
	late := min(len(contacts), onShelf, newest)
	earlier := len(contacts) - late
	ofThem := min(max(n/2, n-earlier), late)
	c.draw(contacts[earlier:], ofThem)
	c.draw(contacts[:earlier], n-ofThem)
}

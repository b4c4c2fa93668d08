package redisstore

import (
	"errors"
	"fmt"
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
	representatives []string // contacts, of the swarm's own group
	seeders         []bool   // which of these are seeders
	others          []string // contacts; some may be representatives, one the host itself
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
// own contact.
func choosePeers(views []rueidis.RedisMessage, self string, a tracker.Announce) ([]tracker.Peer, error) {
	c := choices.Get().(*choice)
	defer choices.Put(c)
	if err := c.read(views); err != nil {
		return nil, err
	}
	c.sort(self, a.Left == 0)
	c.standBy(self, a.StandbyPeers)
	c.choose(want(a))
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
	s.representatives, s.seeders, s.others = s.representatives[:0], s.seeders[:0], s.others[:0]
	numbers, lines, _ := strings.Cut(text, "\n")
	return s.readRepresentatives(numbers, lines)
}

// readRepresentatives reads the lines of a swarm's own text, behind its numbers.
func (s *sighting) readRepresentatives(numbers, lines string) error {
	if lines != "" {
		for line := range strings.SplitSeq(lines, "\n") {
			kind, contact, _ := strings.Cut(line, " ")
			s.representatives = append(s.representatives, contact)
			s.seeders = append(s.seeders, kind == "seeders")
		}
	}
	counts := numbers[:max(len(numbers)-len(" 1"), 0)] // behind them, whether one leads
	if counts[strings.LastIndexByte(counts, ' ')+1:] != strconv.Itoa(len(s.representatives)) {
		return fmt.Errorf("%q, and %d representatives", numbers, len(s.representatives))
	}
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
		if contact != self && !(seeder && c.swarms[0].seeders[i]) {
			c.first = append(c.first, contact)
		}
	}
}

// choose takes as many as are wanted: those who come first, peers from outside, peers of the
// rack (R2, R3).
func (c *choice) choose(want int) {
	c.chosen = append(c.chosen[:0], c.first[:min(len(c.first), want)]...)
	quotas := c.quotas(want, want-len(c.chosen))
	for i := 1; i < len(c.swarms); i++ {
		c.draw(c.swarms[i].others, quotas[i])
	}
	if len(c.swarms) > 0 {
		c.draw(c.swarms[0].others, quotas[0])
	}
}

// draw chooses n at random.
func (c *choice) draw(contacts []string, n int) {
	for i := range n {
		j := i + rand.IntN(len(contacts)-i)
		contacts[i], contacts[j] = contacts[j], contacts[i]
	}
	c.chosen = append(c.chosen, contacts[:n]...)
}

// outsidePeers are enough from outside, unless a third of what is wanted is more (R3): even if the rack
// has nobody else yet. A peer that one is handed has one more peer, too, so in the mean they have twice as
// many; clients hold some fifty connections, and those of the rack come later. docs/simulator.md has what
// other numbers lead to.
const outsidePeers = 15

// quotas says how many come from each swarm. Each leaves a third of what it is offered to those
// farther out, if there are that many, and passes on what it cannot fill; but a rack no more than
// enough.
func (c *choice) quotas(want, budget int) (quotas [tracker.MaxGroups + 1]int) {
	var far int
	for _, swarm := range c.swarms {
		far += len(swarm.others)
	}
	offered := want
	for i, swarm := range c.swarms {
		far -= len(swarm.others)
		reserve := min((offered+2)/3, far, budget)
		quotas[i] = min(len(swarm.others), budget-reserve)
		budget -= quotas[i]
		if i == 0 {
			budget = min(budget, max((want+2)/3, outsidePeers))
		}
		offered = budget
	}
	return quotas
}

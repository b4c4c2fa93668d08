package swarm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// views are kept for others: see tracker.View.
var views = sync.Pool{New: func() any { return new(tracker.View) }}

// choosePeers returns the peers that a host is handed, from the views of announce.lua. self is its
// own contact.
func choosePeers(texts []rueidis.RedisMessage, self string, a tracker.Announce) ([]tracker.Peer, error) {
	v := views.Get().(*tracker.View)
	defer views.Put(v)
	if err := readView(v, texts); err != nil {
		return nil, err
	}
	return readContacts(v.Choose(self, a.Left == 0, want(a), a.OutsidePeers))
}

// readView reads a swarm's own text, those of its pages, that of the next swarm;
// see the header of announce.lua. Each contact on a page is begun by a line feed.
func readView(v *tracker.View, texts []rueidis.RedisMessage) error {
	v.Reset()
	var swarm *tracker.SwarmView
	for _, message := range texts {
		text, err := message.ToString()
		if err != nil {
			return err
		}
		page, isPage := strings.CutPrefix(text, "\n")
		switch {
		case text == "": // a page of hosts that are due
		case !isPage && v.Swarms() > tracker.MaxGroups:
			return errors.New("too many swarms")
		case !isPage:
			swarm = v.AddSwarm()
			if err := readSwarm(swarm, text); err != nil {
				return fmt.Errorf("%.80q: %w", text, err)
			}
		case swarm != nil:
			for contact := range strings.SplitSeq(page, "\n") {
				swarm.Hosts = append(swarm.Hosts, contact)
			}
		}
	}
	return nil
}

// readSwarm reads GENERATION LEECHERS SEEDERS PAUSED REPRESENTATIVES, and then these, a line each: state and
// contact.
func readSwarm(s *tracker.SwarmView, text string) error {
	numbers, lines, more := strings.Cut(text, "\n")
	for more {
		var line string
		line, lines, more = strings.Cut(lines, "\n")
		state, contact, _ := strings.Cut(line, " ")
		s.Representatives = append(s.Representatives, tracker.Representative{Contact: contact, Seeder: state == "seeder"})
	}
	var representatives int
	rest := numbers
	for _, n := range [...]*int{nil, &s.Leechers, &s.Seeders, nil, &representatives} {
		var number string
		number, rest, _ = strings.Cut(rest, " ")
		if n == nil {
			continue
		}
		var err error
		if *n, err = strconv.Atoi(number); err != nil {
			return err
		}
	}
	if representatives != len(s.Representatives) {
		return fmt.Errorf("%d representatives", len(s.Representatives))
	}
	return nil
}

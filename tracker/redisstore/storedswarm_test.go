package redisstore_test

import (
	"fmt"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// storedSwarm is a swarm as it is kept.
type storedSwarm struct {
	counts          map[string]int      // of seeders and leechers
	paused          int                 // of these
	standing        map[string][]string // contacts
	representatives []string            // state and contact
}

func readSwarm(f *storetest.Fixture, base string) storedSwarm {
	swarm := storedSwarm{counts: map[string]int{}, standing: map[string][]string{}}
	text, _ := f.Command("GET", base).ToString()
	if text == "" {
		text = "0 0 0 0 0"
	}
	head, lines, more := strings.Cut(text, "\n")
	var generation, leechers, seeders, paused, representatives int
	if _, err := fmt.Sscanf(head, "%d %d %d %d %d", &generation, &leechers, &seeders, &paused, &representatives); err != nil {
		panic(err)
	}
	swarm.paused = paused
	swarm.counts["leechers"], swarm.counts["seeders"] = leechers, seeders
	if more {
		swarm.representatives = strings.Split(lines, "\n")
	}
	if len(swarm.representatives) != representatives {
		panic(base + " = " + text)
	}
	for part, n := range swarm.counts {
		for page := 1; page <= (n+63)/64; page++ {
			key := base + ":" + part
			if page > 1 {
				key += fmt.Sprintf(":%d", page)
			}
			text, _ := f.Command("GET", key).ToString()
			swarm.standing[part] = append(swarm.standing[part], strings.Split(text, "\n")[1:]...)
		}
	}
	return swarm
}

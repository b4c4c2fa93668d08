package swarm

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The words of announce.lua for what an operator reads in the log.
const (
	wordRegistered = "registered"
	wordStarted    = "started"
	wordComplete   = "complete"
	wordDemoted    = "demoted"
	wordWaits      = "waits"
)

// news is something that happened to a transfer: what a script told of it, see the header of
// announce.lua.
type news struct {
	hash  tracker.InfoHash
	what  string
	words []string
}

// publish logs a line. by is the announce by which it happened, if any.
func (s *Swarm) publish(n news, by tracker.Announce) {
	w := n.words
	log := s.log.With("transfer", n.hash, "name", w[len(w)-1])
	switch n.what {
	case wordRegistered:
		log.Info("transfer registered itself", "host", by.Addr, "rack", by.Location)
	case wordStarted:
		log.Info("first host started", "host", by.Addr, "rack", by.Location, "after", between(w[0], w[1]))
	case wordComplete:
		what := "transfer complete"
		if rack := w[0]; rack != "" {
			what, log = "rack complete", log.With("rack", tracker.Location(rack))
		}
		log.Info(what, "hosts", number(w[1]), "seeded", number(w[2]), "after", between(w[3], w[4]))
	case wordWaits:
		log.Info("rack waits: other transfers hold its leases", "rack", tracker.Location(w[0]))
	case wordDemoted:
		level := slog.LevelInfo
		// Each host of a rack may end like this when it is done, or when it turns out to have a second address.
		if why := w[0]; why == "finished" || why == "changed" {
			level = slog.LevelDebug
		}
		log.Log(context.Background(), level, "representative lost", "why", w[0], "rack", tracker.Location(w[1]), "host", w[2],
			"silent", time.Duration(number(w[3]))*time.Second, "representatives", number(w[4]))
	}
}

// waitsLogged is between two lines that say that a rack waits.
const waitsLogged = 10 * time.Minute

// publishWait logs that a group has no representative in a transfer, since other transfers hold all
// leases of it. n may be nil.
func (s *Swarm) publishWait(n *news, by tracker.Announce) {
	if n == nil {
		return
	}
	key := scanKey{hash: n.hash, rack: tracker.Location(n.words[0]), waits: true}
	if _, first := s.scans.SetIfAbsent(key, waitsLogged); first {
		s.publish(*n, by)
	}
}

// number is one that a script told; 0 if it is none.
func number(word string) int64 {
	n, _ := strconv.ParseInt(word, 10, 64)
	return n
}

// between is the time from one moment in RFC 3339 to another; 0 if the first one is not known.
func between(from, to string) time.Duration {
	began, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return 0
	}
	ended, _ := time.Parse(time.RFC3339, to)
	return max(ended.Sub(began), 0)
}

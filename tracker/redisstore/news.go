package redisstore

import (
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The words of announce.lua for what an operator reads in the log.
const (
	wordRegistered = "registered"
	wordStarted    = "started"
	wordComplete   = "complete"
	wordDemoted    = "demoted"
)

// news is something that happened to a transfer: what a script told of it, see the header of
// announce.lua.
type news struct {
	hash  tracker.InfoHash
	what  string
	words []string
}

// publish logs a line. host and rack are those of the announce by which it happened, if any.
func (s *Store) publish(n news, by tracker.Announce) {
	w := n.words
	log := s.log.With("transfer", n.hash, "name", w[len(w)-1])
	switch n.what {
	case wordRegistered:
		log.Info("transfer registered itself", "host", by.Addr, "rack", by.Location)
	case wordStarted:
		log.Info("first host started", "host", by.Addr, "rack", by.Location, "after", s.since(w[0]))
	case wordComplete:
		what := "transfer complete"
		if rack := w[0]; rack != "" {
			what, log = "rack complete", log.With("rack", tracker.Location(rack))
		}
		log.Info(what, "hosts", w[1], "seeded", w[2], "after", s.since(w[3]))
	case wordDemoted:
		silence, _ := time.ParseDuration(w[3] + "s")
		log.Info("representative lost", "why", w[0], "rack", tracker.Location(w[1]), "host", w[2],
			"silent", silence, "representatives", w[4])
	}
}

// since is the time from a moment in RFC 3339 to now, in whole seconds; 0 if it is not known.
func (s *Store) since(moment string) time.Duration {
	began, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return 0
	}
	now := time.Now()
	if s.opts.Now != nil {
		now = s.opts.Now()
	}
	return max(now.Sub(began), 0).Truncate(time.Second)
}

package swarm

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// effects are what a script tells the frontend to do, see the header of announce.lua. Nearly always it
// is nothing.
type effects struct {
	deferred bool  // the host is to ask again in some seconds, and is not recorded
	crowded  bool  // likewise: its IP address is full
	promoted int   // places taken
	lease    lease // to be taken, if there is one
	waits    *news // to be logged if it cannot be had
	renew    []lease
	settle   []lease
	checks   []tracker.Check
	news     []news // to be logged
}

// wants says whether the host may have a place if it gets the lease.
func (e effects) wants() bool { return e.lease.Group != "" }

func readEffects(value rueidis.RedisMessage, hash tracker.InfoHash) (e effects, err error) {
	lines, err := value.AsStrSlice()
	if err != nil {
		return effects{}, err
	}
	for _, line := range lines {
		if err := e.read(line, hash); err != nil {
			return effects{}, fmt.Errorf("%q: %w", line, err)
		}
	}
	return e, nil
}

// numbers are how many words follow each. The last one may hold blanks.
var numbers = map[string]int{
	"defer": 0, "crowded": 0, "promoted": 0, "lease": 5, "renew": 2, "settle": 3, "check": 4,
	wordRegistered: 1, wordStarted: 3, wordComplete: 6, wordDemoted: 6,
}

func (e *effects) read(line string, hash tracker.InfoHash) error {
	word, rest, _ := strings.Cut(line, " ")
	n, known := numbers[word]
	words := strings.SplitN(rest, " ", n)
	if !known || n != len(words) {
		return fmt.Errorf("%d words", len(words))
	}
	switch word {
	case "defer":
		e.deferred = true
	case "crowded":
		e.crowded = true
	case "promoted":
		e.promoted++
	case "lease":
		e.lease = leaseOf(words, hash)
		e.lease.Rank = words[2]
		if e.lease.isNeeded() && words[3] == "0" {
			e.waits = &news{hash, wordWaits, []string{words[0], words[4]}}
		}
	case "renew":
		e.renew = append(e.renew, leaseOf(words, hash))
	case "settle":
		given := leaseOf(words, hash)
		given.Token = words[2]
		e.settle = append(e.settle, given)
	case "check":
		check, err := readCheck(words, hash)
		if err != nil {
			return err
		}
		e.checks = append(e.checks, check)
	default:
		e.news = append(e.news, news{hash, word, words})
	}
	return nil
}

func readCheck(words []string, hash tracker.InfoHash) (c tracker.Check, err error) {
	c.InfoHash = hash
	if c.Addr, err = netip.ParseAddrPort(words[0]); err != nil {
		return c, err
	}
	if c.Claimed, err = strconv.ParseInt(words[1], 10, 64); err != nil {
		return c, err
	}
	after, err := strconv.ParseUint(words[2], 10, 31)
	if err != nil {
		return c, err
	}
	c.After = time.Duration(after) * time.Second
	if words[3] != "" {
		c.Also, err = netip.ParseAddrPort(words[3])
	}
	return c, err
}

package redisstore

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// told is what a script tells the frontend to do, see the header of announce.lua. Nearly always it
// is nothing.
type told struct {
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
func (t told) wants() bool { return t.lease.group != "" }

func readTold(value rueidis.RedisMessage, hash tracker.InfoHash) (t told, err error) {
	lines, err := value.AsStrSlice()
	if err != nil {
		return told{}, err
	}
	for _, line := range lines {
		if err := t.read(line, hash); err != nil {
			return told{}, fmt.Errorf("%q: %w", line, err)
		}
	}
	return t, nil
}

// numbers are how many words follow each. The last one may hold blanks.
var numbers = map[string]int{
	"defer": 0, "crowded": 0, "promoted": 0, "lease": 5, "renew": 2, "settle": 3, "check": 4,
	wordRegistered: 1, wordStarted: 3, wordComplete: 6, wordDemoted: 6,
}

func (t *told) read(line string, hash tracker.InfoHash) error {
	word, rest, _ := strings.Cut(line, " ")
	n, known := numbers[word]
	words := strings.SplitN(rest, " ", n)
	if !known || n != len(words) {
		return fmt.Errorf("%d words", len(words))
	}
	switch word {
	case "defer":
		t.deferred = true
	case "crowded":
		t.crowded = true
	case "promoted":
		t.promoted++
	case "lease":
		t.lease = leaseOf(words, hash)
		t.lease.rank = words[2]
		if t.lease.isNeeded() && words[3] == "0" {
			t.waits = &news{hash, wordWaits, []string{words[0], words[4]}}
		}
	case "renew":
		t.renew = append(t.renew, leaseOf(words, hash))
	case "settle":
		given := leaseOf(words, hash)
		given.token = words[2]
		t.settle = append(t.settle, given)
	case "check":
		check, err := readCheck(words, hash)
		if err != nil {
			return err
		}
		t.checks = append(t.checks, check)
	default:
		t.news = append(t.news, news{hash, word, words})
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

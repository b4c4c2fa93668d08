package client

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// refusal is a kind of error reply. It is known by words in it: Redis has a code for some, and
// some versions put the error of a command behind that of the script that ran it.
type refusal struct {
	words string
	says  tracker.StoreError
	lasts bool // until somebody does something about it: then nothing can be asked
}

// refusals are the kinds that say something about Redis or its user, and nothing about what was
// asked. The first that fits counts.
var refusals = []refusal{
	{"unknown command", "Redis does not know a command that is needed", true},
	{"Unknown Redis command", "Redis does not know a command that is needed", true},
	{"WRONGPASS", "Redis does not take REDIS_USERNAME and REDIS_PASSWORD", true},
	{"invalid password", "Redis does not take REDIS_PASSWORD", true},
	{"without any password configured", "Redis has no password: REDIS_PASSWORD must be empty", true},
	{"NOAUTH", "Redis wants a password: REDIS_PASSWORD", true},
	{"NOPERM", mayNot, true},
	{"The user executing the script", mayNot, true},
	{"ACL failure in script", mayNot, true},
	{"MOVED", noSlots, true},
	{"ASK", noSlots, true},
	{"SELECT is not allowed", "a Redis Cluster has no REDIS_DB", true},
	{"DB index is out of range", "Redis has no database of the number REDIS_DB", true},
	{"DENIED", "Redis is in protected mode: it takes no connections of other machines", true},
	{"EXECABORT", "Redis refuses a command", true},
	{"OOM", "Redis is full: its maxmemory is reached", false},
	{"MISCONF", "Redis takes no writes, since it cannot save its data to disk", false},
	{"READONLY", "Redis takes no writes: it is a replica", false},
	{"NOREPLICAS", "Redis takes no writes: it has too few replicas", false},
	{"LOADING", "Redis is loading its data", false},
	{"MASTERDOWN", "Redis is a replica without its master", false},
	{"CLUSTERDOWN", "the Redis Cluster is not whole", false},
	{"TRYAGAIN", "the Redis Cluster is being resharded", false},
	{"BUSY", "Redis is busy with a script", false},
	{"max number of clients", "Redis takes no more connections: its maxclients is reached", false},
}

const (
	mayNot  = "the Redis user may not run all commands on all keys that are needed"
	noSlots = "the Redis user may not ask a Redis Cluster for its slots: +cluster is missing"
)

// refusalError is an error reply of such a kind.
type refusalError struct {
	refusal
	reply error // in the words of Redis
}

func (e refusalError) Error() string   { return string(e.says) + ": " + e.reply.Error() }
func (e refusalError) Unwrap() []error { return []error{e.says, e.reply} }

// MapError tells a Redis that cannot be asked now, which is tracker.ErrUnavailable, from one that
// finds fault with a command. If it says why, the error is a refusalError besides. A nil reply stays
// as it is.
func MapError(err error) error {
	if err == nil || rueidis.IsRedisNil(err) || errors.Is(err, tracker.ErrUnavailable) {
		return err
	}
	if replied(err) {
		return refusalOf(err)
	}
	return fmt.Errorf("%w: %w", tracker.ErrUnavailable, err)
}

// replied says whether an error is what Redis said.
func replied(err error) bool {
	var reply *rueidis.RedisError
	return errors.As(err, &reply)
}

// refusalOf returns the reply itself if it is none of refusals.
func refusalOf(reply error) error {
	text := reply.Error()
	for _, r := range refusals {
		if strings.Contains(text, r.words) {
			if command := commandIn(text); r.says == mayNot && command != "" {
				r.says = missing([]string{command})
			}
			return refusalError{r, reply}
		}
	}
	return reply
}

// lasts says whether an error stays until somebody does something about it.
func lasts(err error) bool {
	var refusal refusalError
	if errors.As(err, &refusal) {
		return refusal.lasts
	}
	var says tracker.StoreError
	return errors.As(err, &says)
}

var refusedCommand = regexp.MustCompile(`'([a-z|]+)' command`)

// commandIn is the command that Redis says the user may not run.
func commandIn(text string) string {
	if found := refusedCommand.FindStringSubmatch(text); found != nil {
		return strings.ToUpper(strings.ReplaceAll(found[1], "|", " "))
	}
	return ""
}

// missing says what a user of Redis lacks: commands, and keys as ready.lua tells them.
func missing(what []string) tracker.StoreError {
	return tracker.StoreError("the Redis user may not use " + strings.Join(what, ", "))
}

package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
)

// script is one of package lua's, by EVALSHA. A NOSCRIPT, after a failover or
// SCRIPT FLUSH, is answered by EVAL: the script had not run. Nothing else is
// ever repeated.
type script struct {
	name string
	lua  *rueidis.Lua
}

func newScript(name string) script {
	return script{name, rueidis.NewLuaScript(lua.All[name])}
}

var (
	announceScript   = newScript("announce")
	againScript      = newScript("again")
	scrapeScript     = newScript("scrape")
	statisticsScript = newScript("statistics")
	registerScript   = newScript("register")
	closeScript      = newScript("close")
	archiveScript    = newScript("archive")
	leaseScript      = newScript("lease")
	releaseScript    = newScript("release")
	confirmScript    = newScript("confirm")
	probeScript      = newScript("probe")
	momentScript     = newScript("moment")
	markScript       = newScript("mark")
	settingsScript   = newScript("settings")
	dropScript       = newScript("drop")
	sweepScript      = newScript("sweep")
	reserveScript    = newScript("reserve")
	evictScript      = newScript("evict")
	readyScript      = newScript("ready")
)

// scriptCall is one call of a script, as the pure functions of this package
// build it.
type scriptCall struct {
	keys []string
	args []string
}

// reply is what a script returned: its status and the values behind it.
type reply struct {
	script string
	status int64
	values []rueidis.RedisMessage
}

// run calls a script. The reply must have a status number and, if that is more than
// 0, at least the given number of values.
func (s *Store) run(ctx context.Context, sc script, call scriptCall, values int) (reply, error) {
	client, err := s.client()
	if err != nil {
		return reply{}, err
	}
	r, err := readReply(sc.name, sc.lua.Exec(ctx, client, call.keys, call.args), values)
	return r, s.heed(err)
}

func readReply(name string, result rueidis.RedisResult, values int) (reply, error) {
	list, err := result.ToArray()
	if err != nil {
		return reply{}, fmt.Errorf("script %s: %w", name, mapError(err))
	}
	if len(list) == 0 {
		return reply{}, fmt.Errorf("script %s: empty reply", name)
	}
	status, err := list[0].AsInt64()
	if err != nil {
		return reply{}, fmt.Errorf("script %s: status: %w", name, err)
	}
	if status > 0 && len(list) < 1+values {
		return reply{}, fmt.Errorf("script %s: reply of %d values, expected %d or more", name, len(list)-1, values)
	}
	return reply{name, status, list[1:]}, nil
}

// ints reads the first n values as whole numbers.
func (r reply) ints(n int) ([]int, error) {
	numbers := make([]int, n)
	for i := range numbers {
		number, err := r.values[i].AsInt64()
		if err != nil {
			return nil, fmt.Errorf("script %s: value %d: %w", r.script, i+1, err)
		}
		numbers[i] = int(number)
	}
	return numbers, nil
}

package client

import (
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
)

// Script is one of package lua's, by EVALSHA. A NOSCRIPT, after a failover or
// SCRIPT FLUSH, is answered by EVAL: the script had not run. Nothing else is
// ever repeated.
type Script struct {
	name string
	lua  *rueidis.Lua
}

// NewScript returns the one of a name: that of its file, without .lua.
func NewScript(name string) Script {
	return Script{name, rueidis.NewLuaScript(lua.All[name])}
}

// Call is one call of a script: what its header says of KEYS and ARGV.
type Call struct {
	Keys []string
	Args []string
}

// Reply is what a script returned: its status and the values behind it.
type Reply struct {
	Script string // its name
	Status int64
	Values []rueidis.RedisMessage
}

func readReply(name string, result rueidis.RedisResult, values int) (Reply, error) {
	list, err := result.ToArray()
	if err != nil {
		return Reply{}, fmt.Errorf("script %s: %w", name, MapError(err))
	}
	if len(list) == 0 {
		return Reply{}, fmt.Errorf("script %s: empty reply", name)
	}
	status, err := list[0].AsInt64()
	if err != nil {
		return Reply{}, fmt.Errorf("script %s: status: %w", name, err)
	}
	if status > 0 && len(list) < 1+values {
		return Reply{}, fmt.Errorf("script %s: reply of %d values, expected %d or more", name, len(list)-1, values)
	}
	return Reply{name, status, list[1:]}, nil
}

// Ints reads the first n values as whole numbers.
func (r Reply) Ints(n int) ([]int, error) {
	numbers := make([]int, n)
	for i := range numbers {
		number, err := r.Values[i].AsInt64()
		if err != nil {
			return nil, fmt.Errorf("script %s: value %d: %w", r.Script, i+1, err)
		}
		numbers[i] = int(number)
	}
	return numbers, nil
}

// Flag is a script's way to take a yes or no; no is empty.
func Flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// Seconds is a span as a script takes it; none is empty.
func Seconds(span time.Duration) string {
	if span <= 0 {
		return ""
	}
	return strconv.Itoa(int(span.Seconds()))
}

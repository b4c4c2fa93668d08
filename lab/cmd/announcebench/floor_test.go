package main

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// The floor answers announces as the tracker does, and its Redis keeps none of them.
func TestFloor(t *testing.T) {
	e, err := newEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	ours, redis := startOurs(t, e, plan{name: "ours", program: trackerProgram(t), settings: []string{"P2PTRACKER_AUTO_REGISTER=true"}})
	load := []string{
		"load", "--hosts", "400", "--racks", "100", "--transfers", "4", "--connections", "16", "--duration", "1s", "--deadline", "1m",
		"--completed", "0.1", "--stopped", "0.1", "--target",
	}
	recorded, err := recordCalls(redis, func() error {
		measure(t, append(load, ours)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err := e.buildFloor(t.Context(), redis, recorded)
	if err != nil {
		t.Fatal(err)
	}
	floor, redis := startOurs(t, e, plan{name: "floor", program: program})
	r := measure(t, append(load, floor)...)
	if r.bad() > 0 || r.PeersPerReply <= 1 {
		t.Errorf("%+v: %s; %.1f peers in a reply", r.counts, r.Fault, r.PeersPerReply)
	}
	client := openRedis(t, redis)
	keys, err := client.Do(t.Context(), client.B().Keys().Pattern("{*").Build()).AsStrSlice()
	if err != nil || len(keys) > 0 {
		t.Errorf("keys of transfers: %q, %v", keys, err)
	}
	stats, err := client.Do(t.Context(), client.B().Info().Section("commandstats").Build()).ToString()
	if err != nil {
		t.Fatal(err)
	}
	_, stats, _ = strings.Cut(stats, "cmdstat_evalsha:calls=")
	calls, _, _ := strings.Cut(stats, ",")
	// Each host announced before; some calls are not of announces.
	if n, err := strconv.Atoi(calls); err != nil || n < r.Answered || n > r.Answered+400+100 {
		t.Errorf("%s calls of scripts for %d announces", calls, r.Answered+400)
	}
}

func startOurs(t *testing.T, e *environment, p plan) (target, redis string) {
	t.Helper()
	d, err := e.startOurs(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return d.targets[0], d.redis[0]
}

func openRedis(t *testing.T, addr string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// A script of constants returns all that scripts may return, for each seed one.
func TestConstantScript(t *testing.T) {
	addr := redistest.Start(t).Addr
	client := openRedis(t, addr)
	eval := func(script string, args ...string) any {
		t.Helper()
		reply, err := client.Do(t.Context(), client.B().Eval().Script(script).Numkeys(0).Arg(args...).Build()).ToAny()
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	const source = `if ARGV[1] == "none" then return {0} end return {1, -7, "a\n\0\255\"\\" .. ARGV[1], {}, {"b", {false, "c"}}, ""}`
	sha := eval(`return redis.sha1hex(ARGV[1])`, source).(string)
	eval(source, "")
	var calls [][]string
	for _, word := range []string{"x", "none", "y", "z"} {
		calls = append(calls, []string{sha, "0", word})
	}
	script, err := constantScript(t.Context(), addr, calls)
	if err != nil {
		t.Fatal(err)
	}
	for seed, word := range map[string]string{"0": "x", "1": "y", "2": "z", "4294967295": "x"} {
		if got, want := eval(script, "", "", seed), eval(source, word); !reflect.DeepEqual(got, want) {
			t.Errorf("seed %s: %#v instead of %#v", seed, got, want)
		}
	}
	if _, err := constantScript(t.Context(), addr, calls[1:2]); err == nil {
		t.Error("a script was made of no answer")
	}
}

func TestParseMonitored(t *testing.T) {
	for line, want := range map[string][]string{
		`+1700000000.123456 [0 127.0.0.1:4] "EVALSHA" "ab" "1" "{k}\x00\xff \"q\" \\ \r\n" ""`: {"EVALSHA", "ab", "1", "{k}\x00\xff \"q\" \\ \r\n", ""},
		`+1700000000.123456 [0 lua] "GET" "a"`:                                                 {"GET", "a"},
		"+OK":                                                                                  nil,
		`+1700000000.123456 [0 127.0.0.1:4] "GET`:                                              nil,
	} {
		if got := parseMonitored(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q instead of %q", line, got, want)
		}
	}
}

func TestCountFunctions(t *testing.T) {
	script := strings.Join([]string{
		"--[[ function", "function ]]", "local function a() end -- function", "local b = function() return functions end", "-- function",
	}, "\n")
	if n := countFunctions(script); n != 2 {
		t.Errorf("%d functions instead of 2", n)
	}
}

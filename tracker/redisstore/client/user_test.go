package client_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// open returns a Redis that is connected in the background, and what it logs.
func open(t *testing.T, opts redisstore.Options) (*client.Redis, *storetest.Log) {
	t.Helper()
	log := &storetest.Log{}
	r := client.Open(storetest.ClientOptions(opts), log.Logger())
	t.Cleanup(r.Close)
	return r, log
}

// call runs a script, as an announce does.
func call(t *testing.T, r *client.Redis, n byte) error {
	t.Helper()
	k := keys.Of(storetest.Hash(n))
	_, err := r.Announces().Run(t.Context(), client.NewScript("scrape"),
		client.Call{Keys: []string{k.Registered(), k.Summary(), k.Paused()}}, 0)
	return err
}

const downLine = "store cannot be used"

// TestUserMayDoTooLittle: without any one of the documented commands and keys the store is not
// ready, says which it is, lets no call through, and goes on when it is granted.
func TestUserMayDoTooLittle(t *testing.T) {
	server := redistest.Start(t)
	opts := storetest.DocumentedUser(t, server.Addr)
	raw := storetest.OpenRaw(t, opts)
	words := storetest.DocumentedACL(t)
	s, log := open(t, opts)
	storetest.Await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	// look looks as the frontend does half a minute later.
	look := func() error { return s.LookAnew(t.Context()) }
	for i, word := range words {
		name := strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(word, "+"), "|", " "))
		if word[0] == '~' {
			name = "keys like " + strings.ReplaceAll(strings.Trim(word, "~*:"), "{*}", "{0000")
			if word == "~*:{*}:*" {
				name = "keys like 0001-01-01T"
			}
			if name == "keys like p2ptracker" {
				name = "keys like p2ptracker_data"
			}
		} else if word[0] != '+' {
			continue
		}
		storetest.SetUser(t, raw, append([]string{words[0], "reset"}, slices.Delete(slices.Clone(words[1:]), i-1, i)...)...)
		err := look()
		var says tracker.StoreError
		if !errors.Is(err, tracker.ErrUnavailable) || !errors.As(err, &says) || !strings.Contains(string(says), name) {
			t.Errorf("without %s: %v, expected to be told of %s", word, err, name)
		}
		if err := call(t, s, 1); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("without %s an announce is answered: %v", word, err)
		}
	}
	storetest.SetUser(t, raw, append([]string{words[0], "reset"}, words[1:]...)...)
	storetest.Await(t, "the store is ready again", func() bool { return s.Ready(t.Context()) == nil })
	if log.Count("level=WARN") > 0 {
		t.Error("a policy that cannot be read is warned of")
	}
	if keys, err := raw.Do(t.Context(), raw.B().Keys().Pattern("*ready*").Build()).AsStrSlice(); err != nil || len(keys) > 0 {
		t.Errorf("left behind: %v %v", keys, err)
	}
}

var scriptCommand = regexp.MustCompile(`call\('([A-Z]+)'`)

// TestReadyTriesAllCommands holds the script ready against the other scripts, and against what the
// documented user may do.
func TestReadyTriesAllCommands(t *testing.T) {
	tried := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?:try\(|\{ )'([A-Z]+)'`).FindAllStringSubmatch(lua.All["ready"], -1) {
		tried[found[1]] = true
	}
	for name, source := range lua.All {
		for _, found := range scriptCommand.FindAllStringSubmatch(source, -1) {
			if !tried[found[1]] {
				t.Errorf("%s calls %s, and ready does not try it", name, found[1])
			}
		}
	}
	documented := map[string]bool{}
	for _, word := range storetest.DocumentedACL(t) {
		if name, ok := strings.CutPrefix(word, "+"); ok && !strings.Contains(name, "|") && !strings.HasPrefix(name, "eval") {
			documented[strings.ToUpper(name)] = true
		}
	}
	if !maps.Equal(tried, documented) {
		t.Errorf("tried are %v, documented are %v", slices.Sorted(maps.Keys(tried)), slices.Sorted(maps.Keys(documented)))
	}
}

// TestRefusalsOfCalls: what a look does not meet makes the store unready all the same, is logged
// once, and no call is an internal error.
func TestRefusalsOfCalls(t *testing.T) {
	for _, text := range []string{
		"WRONGPASS invalid username-password pair or user is disabled.", "NOAUTH Authentication required.",
		"NOPERM this user has no permissions to run the 'time' command", "ERR unknown command 'EVALSHA'",
		"MOVED 1 127.0.0.1:1", "OOM command not allowed when used memory > 'maxmemory'.", "MISCONF x", "READONLY x",
		"ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed",
		"ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:1.",
		"ERR max number of clients reached", "DENIED Redis is running in protected mode", "EXECABORT x", "LOADING x",
	} {
		if err := client.RefusalOf(errors.New(text)); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%q is an internal error", text)
		}
	}
	server := redistest.Start(t)
	opts := storetest.DocumentedUser(t, server.Addr)
	s, log := open(t, opts)
	storetest.Await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	err := s.Heed(fmt.Errorf("script again: %w", client.RefusalOf(errors.New("NOPERM no permissions"))))
	if !errors.Is(err, tracker.ErrUnavailable) {
		t.Error(err)
	}
	for range 20 {
		if err := s.Look(t.Context()); !errors.Is(err, tracker.ErrUnavailable) {
			t.Fatalf("the store is ready: %v", err)
		}
	}
	if err := call(t, s, 1); err != nil {
		t.Errorf("nobody finds out whether the refusal has passed: %v", err)
	}
	storetest.Await(t, "it is logged once", func() bool { return log.Count(downLine) == 1 })
}

// TestClusterWithoutSlots: a user who may not ask a cluster for its slots is told so, whatever node
// is asked, and it goes on when he may.
func TestClusterWithoutSlots(t *testing.T) {
	opts := storetest.Options(storetest.EmptyCluster(t))
	raw := storetest.OpenRaw(t, opts)
	storetest.SetUser(t, raw, storetest.DocumentedACL(t)...)
	t.Cleanup(func() {
		for _, node := range raw.Nodes() {
			node.Do(context.Background(), node.B().AclDeluser().Username("p2ptracker").Build())
		}
	})
	opts.Username, opts.Password = "p2ptracker", "PASSWORD"
	s, log := open(t, opts)
	storetest.Await(t, "it is logged", func() bool { return log.Count("+cluster is missing") == 1 })
	for n := range byte(5) {
		if err := call(t, s, n); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("announce: %v", err)
		}
	}
	storetest.SetUser(t, raw, "p2ptracker", "+cluster|slots", "+cluster|shards")
	storetest.Await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	// Each server has its own users.
	for _, node := range raw.Nodes() {
		if err := node.Do(t.Context(), node.B().AclSetuser().Username("p2ptracker").Rule("-time").Build()).Error(); err != nil {
			t.Fatal(err)
		}
		break
	}
	_ = s.Heed(client.RefusalOf(errors.New("NOPERM")))
	if err := s.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "may not use TIME") {
		t.Errorf("one server of three refuses TIME: %v", err)
	}
	if log.Count(downLine) > 2 {
		t.Errorf("%d lines", log.Count(downLine))
	}
}

// TestEvictionIsWarnedOf, once for each change.
func TestEvictionIsWarnedOf(t *testing.T) {
	server := redistest.Start(t)
	raw := storetest.OpenRaw(t, storetest.Options(server.Addr))
	s, log := open(t, storetest.Options(server.Addr))
	for _, policy := range []string{"noeviction", "allkeys-lru", "allkeys-lru", "volatile-ttl", "noeviction"} {
		raw.Do(t.Context(), raw.B().ConfigSet().ParameterValue().ParameterValue("maxmemory-policy", policy).Build())
		s.CheckEviction(t.Context(), raw)
		if warnings := s.Warnings(); (len(warnings) == 1) != (policy != client.NoEviction) {
			t.Errorf("%s: %v", policy, warnings)
		}
	}
	if n := log.Count("maxmemory-policy"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestOtherKeyModelIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, f *storetest.Fixture) {
		f.Command("SET", keys.Schema, "99")
		if err := f.Ready(context.Background()); !errors.Is(err, client.ErrSchema) {
			t.Errorf("ready: %v", err)
		}
	})
}

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// documentedACL is the user of docs/redis.md, in the words behind ACL SETUSER.
func documentedACL(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		tb.Fatal(err)
	}
	_, words, found := strings.Cut(string(text), "\nACL SETUSER ")
	if words, _, _ = strings.Cut(words, "\n"); !found {
		tb.Fatal("docs/redis.md has no user")
	}
	return strings.Fields(words)
}

// documentedUser makes that user at a server, and returns options with it.
func documentedUser(tb testing.TB, addr string) Options {
	tb.Helper()
	opts := testOptions(addr)
	acl(tb, openRaw(tb, opts), documentedACL(tb)...)
	opts.Username, opts.Password = "p2ptracker", "PASSWORD"
	return opts
}

func acl(tb testing.TB, raw rueidis.Client, words ...string) {
	tb.Helper()
	for _, node := range raw.Nodes() {
		command := node.B().Arbitrary(append([]string{"ACL", "SETUSER"}, words...)...)
		if err := node.Do(context.Background(), command.Build()).Error(); err != nil {
			tb.Fatal(err)
		}
	}
}

// TestUserMayDoTooLittle: without any one of the documented commands and keys the store is not
// ready, says which it is, lets no call through, and goes on when it is granted.
func TestUserMayDoTooLittle(t *testing.T) {
	server := redistest.Start(t)
	opts := documentedUser(t, server.Addr)
	raw := openRaw(t, opts)
	words := documentedACL(t)
	s, log := openLogged(t, opts)
	await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	// look looks as the frontend does half a minute later.
	look := func() error {
		s.looking <- struct{}{}
		s.proved = time.Time{}
		<-s.looking
		return s.look(t.Context())
	}
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
		acl(t, raw, append([]string{words[0], "reset"}, slices.Delete(slices.Clone(words[1:]), i-1, i)...)...)
		err := look()
		var says tracker.StoreError
		if !errors.Is(err, tracker.ErrUnavailable) || !errors.As(err, &says) || !strings.Contains(string(says), name) {
			t.Errorf("without %s: %v, expected to be told of %s", word, err, name)
		}
		if _, err := s.Announce(t.Context(), announceOf(testHash(1), "r1", 1)); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("without %s an announce is answered: %v", word, err)
		}
	}
	acl(t, raw, append([]string{words[0], "reset"}, words[1:]...)...)
	await(t, "the store is ready again", func() bool { return s.Ready(t.Context()) == nil })
	if log.count("level=WARN") > 0 {
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
	for _, word := range documentedACL(t) {
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
		if err := refusalOf(errors.New(text)); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%q is an internal error", text)
		}
	}
	server := redistest.Start(t)
	opts := documentedUser(t, server.Addr)
	s, log := openLogged(t, opts)
	await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	err := s.heed(fmt.Errorf("script again: %w", refusalOf(errors.New("NOPERM no permissions"))))
	if !errors.Is(err, tracker.ErrUnavailable) {
		t.Error(err)
	}
	for range 20 {
		if err := s.look(t.Context()); !errors.Is(err, tracker.ErrUnavailable) {
			t.Fatalf("the store is ready: %v", err)
		}
	}
	if _, err := s.Announce(t.Context(), announceOf(testHash(1), "r1", 1)); err != nil {
		t.Errorf("nobody finds out whether the refusal has passed: %v", err)
	}
	await(t, "it is logged once", func() bool { return log.count(downLine) == 1 })
}

// TestClusterWithoutSlots: a user who may not ask a cluster for its slots is told so, whatever node
// is asked, and it goes on when he may.
func TestClusterWithoutSlots(t *testing.T) {
	opts := testOptions(emptyCluster(t))
	raw := openRaw(t, opts)
	acl(t, raw, documentedACL(t)...)
	t.Cleanup(func() {
		for _, node := range raw.Nodes() {
			node.Do(context.Background(), node.B().AclDeluser().Username("p2ptracker").Build())
		}
	})
	opts.Username, opts.Password = "p2ptracker", "PASSWORD"
	s, log := openLogged(t, opts)
	await(t, "it is logged", func() bool { return log.count("+cluster is missing") == 1 })
	for n := range byte(5) {
		if _, err := s.Announce(t.Context(), announceOf(testHash(n), "r1", 1)); !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("announce: %v", err)
		}
	}
	acl(t, raw, "p2ptracker", "+cluster|slots", "+cluster|shards")
	await(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
	// Each server has its own users.
	for _, node := range raw.Nodes() {
		if err := node.Do(t.Context(), node.B().AclSetuser().Username("p2ptracker").Rule("-time").Build()).Error(); err != nil {
			t.Fatal(err)
		}
		break
	}
	_ = s.heed(refusalOf(errors.New("NOPERM")))
	if err := s.look(t.Context()); err == nil || !strings.Contains(err.Error(), "may not use TIME") {
		t.Errorf("one server of three refuses TIME: %v", err)
	}
	if log.count(downLine) > 2 {
		t.Errorf("%d lines", log.count(downLine))
	}
}

// TestEvictionIsWarnedOf, once for each change.
func TestEvictionIsWarnedOf(t *testing.T) {
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	s, log := openLogged(t, f.opts)
	for _, policy := range []string{"noeviction", "allkeys-lru", "allkeys-lru", "volatile-ttl", "noeviction"} {
		f.command("CONFIG", "SET", "maxmemory-policy", policy)
		s.checkEviction(t.Context(), f.raw)
		if warnings := s.Warnings(); (len(warnings) == 1) != (policy != noEviction) {
			t.Errorf("%s: %v", policy, warnings)
		}
	}
	if n := log.count("maxmemory-policy"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

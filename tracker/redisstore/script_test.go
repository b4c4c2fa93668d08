package redisstore

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// calls are one call of each script, as this package builds them.
func (s *Store) calls(a tracker.Announce) map[string]scriptCall {
	torrent := tracker.Torrent{Name: "payload-1", InfoHash: a.InfoHash, Length: testLength, File: []byte("d4:infode")}
	l := lease{group: a.Location, addr: a.Addr.String(), hash: a.InfoHash, token: "1", rank: "2"}
	confirm, err := confirmCall(l, a.PeerTTL, s.now())
	if err != nil {
		panic(err)
	}
	return map[string]scriptCall{
		"announce":   announceCall(a, announceOptions{now: s.now(), seed: 1}),
		"again":      againCall(a, s.now(), 1),
		"scrape":     scrapeCall(a.InfoHash),
		"statistics": s.statisticsCall(a.InfoHash),
		"sweep":      s.sweepCall(a.InfoHash),
		"register":   registerCall(torrent, s.now()),
		"close":      s.closeCall(a.InfoHash, false),
		"archive":    s.archiveCall(a.InfoHash),
		"lease":      leaseCall(l, s.nowMicro(), a.Rules),
		"release":    releaseCall(l),
		"confirm":    confirm,
		"moment":     momentCall(),
		"mark":       markCall(),
		"reserve":    reserveCall(a, s.now(), nil, nil),
		"evict":      evictCall(a.InfoHash, s.now(), a.PeerTTL),
		"ready":      readyCall(),
		"settings":   settingsCall([]string{"host/1 PEER_TTL 660"}, s.now()),
		"drop":       dropCall(a.InfoHash, a.Addr.String(), s.now()),
		"probe":      probeCall(tracker.Check{InfoHash: a.InfoHash, Addr: a.Addr}, s.now(), time.Second, true, time.Second),
	}
}

var (
	headerSection  = regexp.MustCompile(`(?ms)^(KEYS|ARGV)$(.*?)^$`)
	headerArgument = map[string]*regexp.Regexp{
		"KEYS": regexp.MustCompile(`(\d+)(?: ((?:leases:)?\{\S+|location_generation|self_registered|settings|p2ptracker)|… )`), // two or three in a line
		"ARGV": regexp.MustCompile(`(?m)^ {2,3}(\d+) (\S+)`),                                                                   // one in a line
	}
)

// TestScriptHeaders holds what a script's header says of KEYS and ARGV against
// the call: their number, and each key's name.
func TestScriptHeaders(t *testing.T) {
	store := &Store{opts: testOptions("")}
	for name, call := range store.calls(announceOf(testHash(1), "r1", 1)) {
		source, err := os.ReadFile("../../lua/" + name + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(source), "]]")
		for _, part := range []string{"Returns", "Status:", "Cost:"} {
			if !strings.Contains(header, "\n"+part) {
				t.Errorf("%s: the header has no %q", name, part)
			}
		}
		told := map[string][]string{}
		for _, section := range headerSection.FindAllStringSubmatch(header, -1) {
			for _, argument := range headerArgument[section[1]].FindAllStringSubmatch(section[2], -1) {
				told[section[1]] = append(told[section[1]], argument[2])
				if number, _ := strconv.Atoi(argument[1]); number != len(told[section[1]]) {
					t.Errorf("%s: %s %s is number %d", name, section[1], argument[0], len(told[section[1]]))
				}
			}
		}
		if n := len(told["ARGV"]); n != len(call.args) {
			t.Errorf("%s: the header tells %d arguments, the call has %d", name, n, len(call.args))
		}
		for i, key := range told["KEYS"] {
			if key == "" { // "19… the groups", "4… the other keys": the rest, in prose
				continue
			}
			want := strings.ReplaceAll(key, "{HASH}", string(keys.Of(testHash(1))))
			want = strings.ReplaceAll(want, "{GROUP}", "{r1}")
			want = strings.ReplaceAll(want, "ADDRESS", "10.0.0.1:6881")
			if i >= len(call.keys) || call.keys[i] != want {
				t.Errorf("%s: key %d is not %s", name, i+1, want)
			}
		}
	}
}

// TestScriptsTouchOnlyTheirTransfer runs everything as a user of Redis who may
// touch only keys of the transfer's tag, and declared ones only as far as that
// can be checked: all keys of a call lie in one slot.
func TestScriptsTouchOnlyTheirTransfer(t *testing.T) {
	server := redistest.Start(t)
	f := newFixture(t, testOptions(server.Addr))
	hash := testHash(1)
	if err := f.command("ACL", "SETUSER", "script", "on", ">secret", "resetkeys",
		"~*{"+hash.String()+"}:*", "+@all").Error(); err != nil {
		t.Fatal(err)
	}
	user, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr}, Username: "script", Password: "secret",
		DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close()
	run := func(name string, call scriptCall) {
		t.Helper()
		result := rueidis.NewLuaScript(lua.All[name]).Exec(context.Background(), user, call.keys, call.args)
		r, err := readReply(name, result, map[string]int{
			"announce": announceValues, "scrape": scrapeValues, "statistics": statisticsValues, "close": 1, "probe": 1, "drop": 2, "sweep": 1, "evict": 2,
		}[name])
		if err != nil {
			t.Fatal(err)
		}
		if r.status == 0 && name != "archive" {
			t.Errorf("%s: the transfer is not active", name)
		}
		for _, key := range call.keys {
			if hashTag(key) != hash.String() {
				t.Errorf("%s: key %s lies in another slot", name, key)
			}
		}
	}
	run("register", f.calls(announceOf(hash, "r1", 1))["register"])
	for n := range 60 { // with every path through the script: expiry, moves, families, stops
		a := announceOf(hash, tracker.Location([]string{"r1", "dc1/r2", "dc1/row1/x/r3"}[n%3]), n%40)
		a.Event = tracker.Event(n % 5)
		a.Left = uint64(n % 4 * 100)
		a.AutoRegister = true
		a.Compact = n%2 == 0
		if n%4 == 0 {
			a.Also = sixOf(n)
		}
		if n == 50 {
			f.Advance(testRules.PeerTTL)
		}
		a.ReprScope = tracker.ReprScope(n / 30)
		a.ProbeInterval = time.Second
		calls := f.calls(a)
		run("announce", announceCall(a, announceOptions{
			now: f.now(), seed: uint32(n), look: true,
			lease: lease{group: a.Location, addr: a.Addr.String(), hash: a.InfoHash, token: f.nowMicro()},
		}))
		run("confirm", calls["confirm"])
		run("probe", calls["probe"])
		if n%7 == 0 {
			run("drop", calls["drop"])
		}
	}
	f.opts.PeerTTL = time.Second
	f.Advance(time.Hour)
	for _, name := range []string{"scrape", "sweep", "sweep", "statistics", "close", "archive", "archive", "archive"} {
		run(name, f.calls(announceOf(hash, "r1", 1))[name])
	}
}

// hashTag is the part of a key that Redis Cluster computes its slot from.
func hashTag(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, _ := strings.Cut(rest, "}")
	return tag
}

// TestScriptFlush: a Redis that forgets its scripts while announces are under
// way is noticed by nobody.
func TestScriptFlush(t *testing.T) {
	f := newFixture(t, testOptions(redistest.Start(t).Addr))
	hash := f.registerTransfer(t, 1)
	var failed atomic.Int64
	inParallel(5000, func(n int) {
		if n%100 == 0 {
			if err := f.command("SCRIPT", "FLUSH").Error(); err != nil {
				failed.Add(1)
			}
		}
		if _, err := f.Announce(context.Background(), announceOf(hash, tracker.Location(fmt.Sprint("r", n%50)), n)); err != nil {
			failed.Add(1)
		}
	})
	if n := failed.Load(); n != 0 {
		t.Errorf("%d calls failed", n)
	}
	if h := f.announce(t, announceOf(hash, "r0", 0)); h.Incomplete != 5000 {
		t.Errorf("%d leechers, expected 5000: an announce was lost or counted twice", h.Incomplete)
	}
}

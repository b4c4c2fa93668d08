package storetest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var (
	headerSection  = regexp.MustCompile(`(?ms)^(KEYS|ARGV)$(.*?)^$`)
	headerArgument = map[string]*regexp.Regexp{
		"KEYS": regexp.MustCompile(`(\d+)(?: ((?:leases:)?\{\S+|location_generation|self_registered|settings|p2ptracker)|… )`), // two or three in a line
		"ARGV": regexp.MustCompile(`(?m)^ {2,3}(\d+) (\S+)`),                                                                   // one in a line
	}
)

var newScript = regexp.MustCompile(`NewScript\("(\w+)"\)`)

// ScriptsOf are the names of the scripts that a package calls.
func ScriptsOf(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for _, found := range newScript.FindAllStringSubmatch(string(source), -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// CheckHeaders holds what the headers of all scripts of the package under test say of KEYS and ARGV
// against calls of AnnounceOf(Hash(1), "r1", 1): their number, and each key's name.
func CheckHeaders(t *testing.T, calls map[string]client.Call) {
	t.Helper()
	for _, name := range ScriptsOf(t, ".") {
		if _, ok := calls[name]; !ok {
			t.Errorf("no call of %s is checked", name)
		}
	}
	for name, call := range calls {
		source, err := os.ReadFile(Root("lua/" + name + ".lua"))
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
		if n := len(told["ARGV"]); n != len(call.Args) {
			t.Errorf("%s: the header tells %d arguments, the call has %d", name, n, len(call.Args))
		}
		for i, key := range told["KEYS"] {
			if key == "" { // "19… the groups", "4… the other keys": the rest, in prose
				continue
			}
			want := strings.ReplaceAll(key, "{HASH}", string(keys.Of(Hash(1))))
			want = strings.ReplaceAll(want, "{GROUP}", "{r1}")
			want = strings.ReplaceAll(want, "ADDRESS", "10.0.0.1:6881")
			if i >= len(call.Keys) || call.Keys[i] != want {
				t.Errorf("%s: key %d is not %s", name, i+1, want)
			}
		}
	}
}

// Restricted returns what runs a script as a user of Redis who may touch only keys of a transfer's tag,
// and checks that all keys of the call lie in its slot. The transfer is to be active.
func (f *Fixture) Restricted(t *testing.T, hash tracker.InfoHash) func(name string, call client.Call) {
	t.Helper()
	if err := f.Command("ACL", "SETUSER", "script", "on", ">secret", "resetkeys",
		"~*{"+hash.String()+"}:*", "+@all").Error(); err != nil {
		t.Fatal(err)
	}
	user, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{f.Opts.Addr}, Username: "script", Password: "secret",
		DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(user.Close)
	return func(name string, call client.Call) {
		t.Helper()
		reply, err := rueidis.NewLuaScript(lua.All[name]).Exec(context.Background(), user, call.Keys, call.Args).ToArray()
		if err != nil || len(reply) == 0 {
			t.Fatalf("%s: %d values: %v", name, len(reply), err)
		}
		if status, err := reply[0].AsInt64(); err != nil || status == 0 && name != "archive" {
			t.Errorf("%s: the transfer is not active: %v", name, err)
		} else if values := scriptValues[name]; status > 0 && len(reply) < 1+values {
			t.Errorf("%s: %d values, expected %d or more", name, len(reply)-1, values)
		}
		for _, key := range call.Keys {
			if hashTag(key) != hash.String() {
				t.Errorf("%s: key %s lies in another slot", name, key)
			}
		}
	}
}

// scriptValues are how many values the replies have at least.
var scriptValues = map[string]int{
	"announce": 7, "scrape": 2, "statistics": 7, "close": 1, "probe": 1, "drop": 2, "sweep": 1, "evict": 2,
}

// hashTag is the part of a key that Redis Cluster computes its slot from.
func hashTag(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, _ := strings.Cut(rest, "}")
	return tag
}

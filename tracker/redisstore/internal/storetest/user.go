package storetest

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

// Root is a file of this module, by its path from the root.
func Root(path string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../..", path)
}

// DocumentedACL is the user of docs/redis.md, in the words behind ACL SETUSER.
func DocumentedACL(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile(Root("docs/redis.md"))
	if err != nil {
		tb.Fatal(err)
	}
	_, words, found := strings.Cut(string(text), "\nACL SETUSER ")
	if words, _, _ = strings.Cut(words, "\n"); !found {
		tb.Fatal("docs/redis.md has no user")
	}
	return strings.Fields(words)
}

// DocumentedUser makes that user at a server, and returns options with it.
func DocumentedUser(tb testing.TB, addr string) redisstore.Options {
	tb.Helper()
	opts := Options(addr)
	SetUser(tb, OpenRaw(tb, opts), DocumentedACL(tb)...)
	opts.Username, opts.Password = "p2ptracker", "PASSWORD"
	return opts
}

// SetUser sends ACL SETUSER to every server.
func SetUser(tb testing.TB, raw rueidis.Client, words ...string) {
	tb.Helper()
	for _, node := range raw.Nodes() {
		command := node.B().Arbitrary(append([]string{"ACL", "SETUSER"}, words...)...)
		if err := node.Do(context.Background(), command.Build()).Error(); err != nil {
			tb.Fatal(err)
		}
	}
}

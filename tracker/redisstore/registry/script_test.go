package registry_test

import (
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// calls are those of a transfer's first host.
func calls(f *storetest.Fixture, hash tracker.InfoHash) map[string]client.Call {
	torrent := tracker.Torrent{Name: "payload-1", InfoHash: hash, Length: storetest.Length, File: []byte("d4:infode")}
	return f.Calls(torrent, storetest.AnnounceOf(hash, "r1", 1))
}

func TestScriptHeaders(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	storetest.CheckHeaders(t, calls(f, storetest.Hash(1)))
}

// TestScriptsTouchOnlyTheirTransfer runs the scripts from a transfer's begin to its end as a user of
// Redis who may touch only keys of its tag; see also that of package swarm.
func TestScriptsTouchOnlyTheirTransfer(t *testing.T) {
	opts := storetest.Options(redistest.Start(t).Addr)
	opts.PeerTTL = time.Second
	f, hash := storetest.New(t, opts), storetest.Hash(1)
	run := f.Restricted(t, hash)
	run("register", calls(f, hash)["register"])
	for n := range 60 {
		a := storetest.AnnounceOf(hash, tracker.Location([]string{"r1", "dc1/r2", "dc1/row1/x/r3"}[n%3]), n%40)
		a.Left = uint64(n % 4 * 100)
		f.MustAnnounce(t, a)
	}
	f.Advance(time.Hour)
	for _, name := range []string{"statistics", "close", "archive", "archive", "archive"} {
		run(name, calls(f, hash)[name])
	}
}

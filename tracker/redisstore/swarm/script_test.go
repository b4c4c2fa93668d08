package swarm_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/swarm"
)

func TestScriptHeaders(t *testing.T) {
	storetest.CheckHeaders(t, swarm.Calls(storetest.AnnounceOf(storetest.Hash(1), "r1", 1), ""))
}

// TestScriptsTouchOnlyTheirTransfer runs everything as a user of Redis who may
// touch only keys of the transfer's tag, and declared ones only as far as that
// can be checked: all keys of a call lie in one slot.
func TestScriptsTouchOnlyTheirTransfer(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	hash := f.RegisterTransfer(t, 1)
	run := f.Restricted(t, hash)
	now := func() string { return strconv.FormatInt(f.Now().Unix(), 10) }
	for n := range 60 { // with every path through the script: expiry, moves, families, stops
		a := storetest.AnnounceOf(hash, tracker.Location([]string{"r1", "dc1/r2", "dc1/row1/x/r3"}[n%3]), n%40)
		a.Event = tracker.Event(n % 5)
		a.Left = uint64(n % 4 * 100)
		a.AutoRegister = true
		a.Compact = n%2 == 0
		if n%4 == 0 {
			a.Also = storetest.SixOf(n)
		}
		if n == 50 {
			f.Advance(storetest.Rules.PeerTTL)
		}
		a.ReprScope = tracker.ReprScope(n / 30)
		a.ProbeInterval = time.Second
		calls := swarm.Calls(a, now())
		run("announce", swarm.AnnounceCall(a, now(), uint32(n), now()+"000000"))
		run("confirm", calls["confirm"])
		run("probe", calls["probe"])
		if n%7 == 0 {
			run("drop", calls["drop"])
		}
	}
	f.Advance(time.Hour)
	calls := swarm.Calls(storetest.AnnounceOf(hash, "r1", 1), now())
	for _, name := range []string{"scrape", "sweep", "sweep"} {
		run(name, calls[name])
	}
}

// Nothing is settled before the version is seen.
func TestNothingIsSettledBeforeTheVersionIsSeen(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	redis := storetest.OpenClient(t, f.Opts)
	f.Command("SET", keys.Schema, "99")
	storetest.Await(t, "that is seen", func() bool { return !redis.Usable() })
	a := storetest.AnnounceOf(storetest.Hash(1), "r1", 1)
	l := swarm.Lease{Group: "r1", Addr: a.Addr.String(), Hash: a.InfoHash, Token: "1"}
	if err := newFrontend(redis, f).Settle(t.Context(), l, storetest.Rules); !errors.Is(err, tracker.ErrUnavailable) {
		t.Error(err)
	}
}

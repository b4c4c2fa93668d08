package shared_test

import (
	"errors"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

func TestScriptHeaders(t *testing.T) { storetest.CheckHeaders(t, shared.Calls()) }

// Nothing is shared before the version is seen.
func TestNothingIsSharedBeforeTheVersionIsSeen(t *testing.T) {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	redis := storetest.OpenClient(t, f.Opts)
	f.Command("SET", keys.Schema, "99")
	storetest.Await(t, "that is seen", func() bool { return !redis.Usable() })
	a := storetest.AnnounceOf(storetest.Hash(1), "r1", 1)
	notes := shared.NewNotes(redis, nil)
	for what, err := range map[string]error{
		"note":     notes.NoteHost(t.Context(), a),
		"stranger": notes.NoteStranger(t.Context(), a.InfoHash),
		"secret":   shared.NewSecrets(redis).Refresh(t.Context()),
	} {
		if !errors.Is(err, tracker.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

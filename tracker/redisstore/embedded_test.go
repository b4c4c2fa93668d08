package redisstore_test

import (
	"context"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

func TestArchiveExpires(t *testing.T) {
	embedded, err := redisstore.StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	f := storetest.NewEmbedded(t, embedded)
	hash := storetest.Populate(t, f, 200)
	if err := f.Deactivate(context.Background(), hash, false); err != nil {
		t.Fatal(err)
	}
	embedded.FastForward(storetest.Options("").ArchiveTTL)
	if left := f.Keys("*" + hash.String() + "*"); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

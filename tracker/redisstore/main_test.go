package redisstore

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// suite is all tests of the package, for what they share.
type suite struct{ cleanups []func() }

var wholeSuite suite

// TestMain ends what the tests shared.
func TestMain(m *testing.M) {
	status := m.Run()
	for _, cleanup := range slices.Backward(wholeSuite.cleanups) {
		cleanup()
	}
	os.Exit(status)
}

func (s *suite) Helper() {}

// Cleanup implements redistest.TB.
func (s *suite) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Fatal implements redistest.TB.
func (s *suite) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf implements redistest.TB.
func (s *suite) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// TempDir implements redistest.TB.
func (s *suite) TempDir() string {
	dir, err := os.MkdirTemp("", "redisstore")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// sharedCluster is started by the first test that wants one: for each anew it would be
// two minutes.
var sharedCluster = sync.OnceValue(func() string { return redistest.StartCluster(&wholeSuite)[0].Addr })

// emptyCluster is the address of a Redis Cluster that holds nothing.
func emptyCluster(tb testing.TB) string {
	tb.Helper()
	addr := sharedCluster()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		tb.Fatal(err)
	}
	defer client.Close()
	for _, node := range client.Nodes() {
		if err := node.Do(context.Background(), node.B().Flushall().Build()).Error(); err != nil {
			tb.Fatal(err)
		}
	}
	return addr
}

package storetest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// cluster is shared by all tests of a package that want one: for each anew it would be two minutes. The first
// starts it.
var (
	cluster      []*redistest.Server
	startCluster = sync.OnceValue(func() (err error) {
		cluster, err = redistest.NewCluster()
		return err
	})
)

// Main runs the tests of a package, and ends what they shared. It is for TestMain.
func Main(m *testing.M) {
	status := m.Run()
	redistest.CloseAll(cluster)
	os.Exit(status)
}

// EmptyCluster is the address of a Redis Cluster that holds nothing.
func EmptyCluster(tb testing.TB) string {
	tb.Helper()
	if err := startCluster(); err != nil {
		tb.Fatal(err)
	}
	addr := cluster[0].Addr
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

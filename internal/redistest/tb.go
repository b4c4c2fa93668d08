package redistest

// TB is what a test is here: a testing.TB, without the package.
type TB interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
}

// Start is New until the test ends. A machine without redis-server fails the test.
func Start(tb TB) *Server {
	tb.Helper()
	s, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// StartCluster is NewCluster until the test ends.
func StartCluster(tb TB) []*Server {
	tb.Helper()
	servers, err := NewCluster()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { CloseAll(servers) })
	return servers
}

// AddReplica is NewReplica until the test ends.
func AddReplica(tb TB, cluster []*Server) *Server {
	tb.Helper()
	s, err := NewReplica(cluster)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

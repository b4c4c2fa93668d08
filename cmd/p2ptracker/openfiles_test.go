package main

import (
	"syscall"
	"testing"
)

// Connections leave files to all else, and there are some in any case.
func TestConnectionsLeaveFiles(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if n := maxConnections(quiet); n < 1 || uint64(n) >= limit.Cur {
		t.Errorf("%d connections of %d files", n, limit.Cur)
	}
}

package main

import (
	"log/slog"
	"syscall"
)

// Open files that connections over HTTP leave to others: to Redis and UDP sockets, and to
// location sources (32 at once for each) and probes (256).
const otherFiles = 512

// maxConnections is how many connections the limit of open files allows. Go has raised it
// to what the system permits.
func maxConnections(log *slog.Logger) int {
	const wanted = 100_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("the limit of open files is not known", "error", err)
		return wanted
	}
	files := int(min(limit.Cur, wanted+otherFiles))
	most := max(files-otherFiles, files/2)
	if most < 10_000 {
		log.Warn("the limit of open files bounds the connections that are open at a time", "files", files, "connections", most)
	}
	return most
}

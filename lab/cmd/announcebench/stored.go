package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// stored is what the site keeps its peers in: the memory that Redis has allocated, or that
// is resident of a tracker without Redis.
func (b *bed) stored(s *site) (bytes int) {
	if len(s.redis) == 0 {
		resident, err := residentBytes(s.processes["frontend"])
		if err != nil {
			b.Fatal(err)
		}
		return resident
	}
	for _, address := range s.redis {
		host, port, _ := net.SplitHostPort(address)
		out, err := exec.CommandContext(context.Background(), "redis-cli", "-h", host, "-p", port, "info", "memory").Output()
		if err != nil {
			b.Fatalf("redis-cli: %v", err)
		}
		used, err := parseUsedMemory(string(out))
		if err != nil {
			b.Fatal(err)
		}
		bytes += used
	}
	return bytes
}

func parseUsedMemory(info string) (int, error) {
	_, rest, found := strings.Cut(info, "used_memory:")
	digits, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(digits)
	if !found || err != nil {
		return 0, fmt.Errorf("INFO memory has no used_memory: %.80q", info)
	}
	return n, nil
}

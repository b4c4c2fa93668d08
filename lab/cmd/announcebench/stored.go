package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// stored is what a deployment keeps its peers in: the memory that Redis has allocated, or that
// is resident of a tracker without Redis.
func (d *deployment) stored() (bytes int, err error) {
	if len(d.redis) == 0 {
		return residentBytes(d.processes["frontend"])
	}
	for _, address := range d.redis {
		host, port, _ := net.SplitHostPort(address)
		out, err := exec.CommandContext(context.Background(), "redis-cli", "-h", host, "-p", port, "info", "memory").Output()
		if err != nil {
			return 0, fmt.Errorf("redis-cli: %w", err)
		}
		used, err := parseUsedMemory(string(out))
		if err != nil {
			return 0, err
		}
		bytes += used
	}
	return bytes, nil
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

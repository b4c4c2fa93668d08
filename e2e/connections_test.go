package e2e

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// connection is one that two hosts had, or one tried to have with the other.
type connection struct{ local, remote netip.Addr }

// observe notes whom the members have TCP connections with at this moment, those
// included that were closed within the last minute (TIME_WAIT).
func (s *swarm) observe() error {
	for _, m := range s.members {
		if m.killed {
			continue
		}
		for _, table := range []string{"tcp", "tcp6"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", m.PID, table))
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				// A process that has just started may still be in our namespace.
				if c, ok := parseConnection(line); ok && c.local == m.addr && s.member(c.remote) != nil {
					s.connections[c] = true
				}
			}
		}
	}
	return nil
}

// parseConnection reads a line of /proc/net/tcp: a number, the local and the
// remote address with their ports, and more. The first line is a heading.
func parseConnection(line string) (c connection, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[0] == "sl" {
		return c, false
	}
	return connection{parseHex(fields[1]), parseHex(fields[2])}, true
}

// parseHex reads an address and port as the kernel prints them: words of 32 bits
// in the byte order of the machine, which is taken to be little-endian.
func parseHex(field string) netip.Addr {
	digits, _, _ := strings.Cut(field, ":")
	raw, _ := hex.DecodeString(digits)
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return addr.Unmap()
}

// checkTiers holds the two tiers against what was observed: a rack has at most
// maxReprRack representatives, and nobody else was ever connected with another
// rack.
func (s *swarm) checkTiers(t testing.TB) {
	t.Helper()
	representatives := s.representatives(t)
	inRack := map[int]int{}
	for _, m := range representatives {
		inRack[m.rack]++
		if inRack[m.rack] > maxReprRack {
			t.Errorf("too many representatives of rack %d: %v", m.rack, representatives)
		}
	}
	crossing := 0
	for c := range s.connections {
		local, remote := s.member(c.local), s.member(c.remote)
		if local.rack == remote.rack {
			continue
		}
		crossing++
		if !slices.Contains(representatives, local) || !slices.Contains(representatives, remote) {
			t.Errorf("%v was connected with %v, and the representatives are %v", local, remote, representatives)
		}
	}
	t.Logf("%d connections, %d between the racks", len(s.connections), crossing)
	if crossing == 0 {
		t.Error("the payload crossed the racks, and no connection between them was observed")
	}
}

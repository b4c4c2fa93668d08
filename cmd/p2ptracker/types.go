package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// seconds is a span of time, written as a whole number of seconds.
type seconds time.Duration

// Decode reads 0 to 2^31-1 seconds.
func (s *seconds) Decode(text string) error {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return err
	}
	*s = seconds(time.Duration(n) * time.Second)
	return nil
}

func (s seconds) duration() time.Duration { return time.Duration(s) }

func (s seconds) String() string {
	return strconv.FormatInt(int64(s.duration()/time.Second), 10)
}

// host is the name or the address of a machine, or empty.
type host string

// Decode refuses what no machine is called, such as "redis:6379" or a URL.
func (h *host) Decode(text string) error {
	*h = host(text)
	if _, err := netip.ParseAddr(text); err == nil {
		return nil
	}
	if strings.Contains(text, "@") {
		return errors.New("must be a host name or an address alone, without a user or a password")
	}
	if strings.ContainsAny(text, ":/[] \t") {
		return fmt.Errorf("must be a host name or an address alone, not %q", text)
	}
	return nil
}

// udpPort is the number of a port, 0 for none, or empty for the number of PORT.
type udpPort string

const noUDP udpPort = "0"

// Decode refuses what is no number of a port.
func (p *udpPort) Decode(text string) error {
	if n, err := strconv.ParseUint(text, 10, 16); text != "" && (err != nil || strconv.FormatUint(n, 10) != text) {
		return fmt.Errorf("must be 0 to 65535, or empty, not %q", text)
	}
	*p = udpPort(text)
	return nil
}

// networks are prefixes, separated by commas. An address alone is a network of
// one host. Empty means none.
type networks []netip.Prefix

// Decode refuses a prefix with bits set behind its length: either the address
// or the length is not what was meant.
func (n *networks) Decode(text string) error {
	*n = nil
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		prefix, err := parseNetwork(strings.TrimSpace(word))
		if err != nil {
			return fmt.Errorf("%q is no network like 10.0.0.0/8: %w", word, err)
		}
		*n = append(*n, prefix)
	}
	return nil
}

func parseNetwork(word string) (netip.Prefix, error) {
	if !strings.Contains(word, "/") {
		addr, err := netip.ParseAddr(word)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errors.New("malformed")
		}
		addr = tracker.PlainAddr(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return tracker.ParsePrefix(word)
}

func (n networks) String() string {
	words := make([]string, len(n))
	for i, prefix := range n {
		words[i] = prefix.String()
	}
	return strings.Join(words, ",")
}

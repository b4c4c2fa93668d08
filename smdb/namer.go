package smdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// systemNamer asks whom the system asks: /etc/hosts and the name servers.
type systemNamer struct {
	resolver *net.Resolver
}

func newSystemNamer() systemNamer {
	return systemNamer{&net.Resolver{PreferGo: true}}
}

// hostName implements namer. Of several names none can be preferred: the pattern
// might make another rack of each.
func (s systemNamer) hostName(ctx context.Context, ip netip.Addr) (string, error) {
	names, err := s.resolver.LookupAddr(ctx, ip.String())
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "", fmt.Errorf("%w: %s has no name", ErrNotFound, ip)
	case err != nil:
		return "", fmt.Errorf("look up the name of %s: %w", ip, err)
	case len(names) != 1:
		return "", fmt.Errorf("%w: ambiguous, %s has %d names", ErrInvalid, ip, len(names))
	}
	return names[0], nil
}

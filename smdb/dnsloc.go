package smdb

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// DNSLOCSettings say how near hosts stand that are at one place.
type DNSLOCSettings struct {
	LOCGrid int `envconfig:"LOC_GRID" default:"1000" min:"1" max:"1000000" desc:"side in metres of the squares by which LOC records make groups; hosts beside an edge may be in two, so it should be much larger than a site"`
}

func (s *DNSLOCSettings) open(env Env) (Source, error) {
	grid, err := newGrid(s.LOCGrid)
	if err != nil {
		return nil, fmt.Errorf("LOC_GRID: %w", err)
	}
	resolver, err := newResolver(env.dns)
	if err != nil {
		return nil, err
	}
	return &dnsLOC{resolver: resolver, grid: grid}, nil
}

// dnsLOC is the source that reads the LOC record (RFC 1876) of the host's name,
// which is the one of its PTR record.
type dnsLOC struct {
	resolver *resolver
	grid     grid
}

// Locate implements Source. The group is the host's square of the grid.
func (d *dnsLOC) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	name, err := d.resolver.hostName(ctx, ip)
	if err != nil {
		return tracker.Place{}, err
	}
	records, err := d.resolver.lookup(ctx, name, dns.TypeLOC)
	if err != nil {
		return tracker.Place{}, err
	}
	location, err := d.locate(records)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: host %q: %w", ErrInvalid, name, err)
	}
	return tracker.Place{Location: location, Hostname: name}, nil
}

// locate returns the one square in which all LOC records are.
func (d *dnsLOC) locate(records []dns.RR) (tracker.Location, error) {
	var square string
	for _, record := range records {
		loc, ok := record.(*dns.LOC)
		if !ok {
			continue
		}
		p, err := pointOf(loc)
		if err != nil {
			return "", err
		}
		next := d.grid.square(p)
		if square != "" && next != square {
			return "", fmt.Errorf("ambiguous, it is in %s and in %s", square, next)
		}
		square = next
	}
	return tracker.ParseLocation(square)
}

// pointOf reads where a LOC record says that the host is. Its altitude is left
// out: who is above whom in a building says little of the network between them,
// and many records have 0, or count from the sea instead of from the ellipsoid,
// tens of metres apart: one site would be two. Its size and precisions say how
// large or how well known the place is, not where.
func pointOf(loc *dns.LOC) (point, error) {
	if loc.Version != 0 {
		return point{}, fmt.Errorf("its LOC record has version %d, only 0 is known", loc.Version)
	}
	p := point{
		north: int64(loc.Latitude) - dns.LOC_EQUATOR + latitudes/2,
		east:  int64(loc.Longitude) - dns.LOC_PRIMEMERIDIAN + longitudes/2,
	}
	if p.north < 0 || p.north > latitudes || p.east < 0 || p.east > longitudes {
		return point{}, fmt.Errorf("its LOC record is beyond a pole, or farther round than 180 degrees")
	}
	return p, nil
}

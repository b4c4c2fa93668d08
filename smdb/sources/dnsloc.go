package sources

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// DNSLOCSettings say how near to each other the hosts of one group stand.
type DNSLOCSettings struct {
	LOCGrid int `envconfig:"LOC_GRID" default:"1000" min:"1" max:"1000000" desc:"side in metres of the squares into which LOC records sort hosts, a group each; make it much larger than a site, since an edge through a site splits it"`
}

func (s *Settings) openDNSLOC(_ smdb.Env) (smdb.Source, error) {
	grid, err := newGrid(s.LOCGrid)
	resolver, resolverErr := newResolver(s.DNSSettings)
	return &dnsLOC{resolver: resolver, grid: grid}, errors.Join(settingError("LOC_GRID", err), resolverErr)
}

// maxNames is how many names a host may have, each of which is asked for.
const maxNames = 8

// dnsLOC is the source that reads the LOC records (RFC 1876) of the names in the host's PTR
// records.
type dnsLOC struct {
	resolver *resolver
	grid     grid
}

// Locate implements smdb.Source. The group is the host's square of the grid.
func (d *dnsLOC) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	names, err := d.resolver.hostNames(ctx, ip)
	if err != nil {
		return tracker.Place{}, err
	}
	if len(names) > maxNames {
		return tracker.Place{}, fmt.Errorf("%w: it has %d names, and only %d are asked for", smdb.ErrInvalid, len(names), maxNames)
	}
	return placeOfNames(names, func(name string) (tracker.Place, error) { return d.locateName(ctx, name) })
}

// locateName finds the one square that holds all LOC records of a name.
func (d *dnsLOC) locateName(ctx context.Context, name string) (tracker.Place, error) {
	records, err := d.resolver.lookup(ctx, name, dns.TypeLOC)
	if err != nil {
		return tracker.Place{}, err
	}
	place, err := d.placeOf(records)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: host %q: %w", smdb.ErrInvalid, name, err)
	}
	place.Hostname = name
	return place, nil
}

func (d *dnsLOC) placeOf(records []dns.RR) (tracker.Place, error) {
	var places []tracker.Place
	for _, record := range records {
		loc, ok := record.(*dns.LOC)
		if !ok {
			continue
		}
		p, err := pointOf(loc)
		if err != nil {
			return tracker.Place{}, err
		}
		location, err := tracker.NewLocation(d.grid.square(p))
		if err != nil {
			return tracker.Place{}, err
		}
		places = append(places, tracker.Place{Location: location})
	}
	return onePlace(places...)
}

// pointOf reads the coordinates of a LOC record. It ignores the altitude: two floors of a
// building may well share a network, and many records have 0, or count from the sea instead of
// the ellipsoid, tens of metres apart, which would make two sites of one. Size and precisions say
// how large or how well known the place is, not where it is.
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

package sources

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// PatternSettings say how a host's name or address contains where it stands. The pattern
// ^(?P<dc>[a-z]+)-(?P<rack>r[0-9]+) makes ams/r17 of ams-r17-h3.example.net.
type PatternSettings struct {
	LocationPattern   string `envconfig:"LOCATION_PATTERN" desc:"regular expression (RE2) whose one to four named groups make a host's path, in their order, like ^(?P<dc>[a-z]+)-(?P<rack>r[0-9]+)"`
	LocationPatternOf string `envconfig:"LOCATION_PATTERN_OF" default:"name" desc:"what LOCATION_PATTERN is matched with: name, the host's name in reverse DNS, in lower case and without a final dot; or address"`
}

func (s *Settings) openPattern(_ smdb.Env) (smdb.Source, error) {
	var names namer
	var wrong error
	switch s.LocationPatternOf {
	case "name":
		names, wrong = newResolver(s.DNSSettings)
	case "address":
	default:
		wrong = fmt.Errorf("LOCATION_PATTERN_OF: must be name or address, not %.80q", s.LocationPatternOf)
	}
	source, err := newPattern(s.LocationPattern, names)
	return source, errors.Join(settingError("LOCATION_PATTERN", err), wrong)
}

// namer knows the names of hosts.
type namer interface {
	// hostNames returns the names of an address, at least one, in lower case and without a
	// final dot, by the context's deadline. An address without a name is smdb.ErrNotFound.
	hostNames(ctx context.Context, ip netip.Addr) ([]string, error)
}

// pattern reads where a host stands from its name or its address.
type pattern struct {
	expr   *regexp.Regexp
	groups []int // the named ones
	names  namer // nil: the address is matched
}

func newPattern(text string, names namer) (*pattern, error) {
	expr, err := regexp.Compile(text)
	if err != nil {
		return nil, patternError(err)
	}
	p := &pattern{expr: expr, names: names}
	for i, name := range expr.SubexpNames() {
		if name != "" {
			p.groups = append(p.groups, i)
		}
	}
	if n := len(p.groups); n < 1 || n > tracker.MaxGroups {
		return nil, fmt.Errorf("must have 1 to %d named groups like (?P<rack>r[0-9]+), not %d", tracker.MaxGroups, n)
	}
	return p, nil
}

// patternError is the library's reason on one line, whatever the pattern holds.
func patternError(err error) error {
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: %.80q", wrong.Code, wrong.Expr)
	}
	return err
}

// Locate implements smdb.Source.
func (p *pattern) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	if p.names == nil {
		location, err := p.read(ip.String())
		return tracker.Place{Location: location}, err
	}
	names, err := p.names.hostNames(ctx, ip)
	if err != nil {
		return tracker.Place{}, err
	}
	return placeOfNames(names, func(name string) (tracker.Place, error) {
		location, err := p.read(name)
		if err != nil {
			return tracker.Place{}, err
		}
		return tracker.Place{Location: location, Hostname: name}, nil
	})
}

// read makes a path of what the named groups match. Each is one group of the path, also with a
// slash in it, which names in reverse DNS may have (RFC 2317).
func (p *pattern) read(text string) (tracker.Location, error) {
	match := p.expr.FindStringSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%w: LOCATION_PATTERN does not match %.80q", smdb.ErrNotFound, text)
	}
	names := make([]string, len(p.groups))
	for i, group := range p.groups {
		names[i] = match[group]
	}
	location, err := tracker.NewLocation(names...)
	if err != nil {
		return "", fmt.Errorf("%w: LOCATION_PATTERN on %.80q: %w", smdb.ErrInvalid, text, err)
	}
	return location, nil
}

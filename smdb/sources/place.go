package sources

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// onePlace makes one answer of several records of a host: a bond and its interfaces are in one
// rack. The host gets the first of its names in the alphabet, whatever the records' order.
// Different racks are an error, and so is no record.
func onePlace(places ...tracker.Place) (tracker.Place, error) {
	if len(places) == 0 {
		return tracker.Place{}, errors.New("no place is named")
	}
	one := places[0]
	for _, next := range places[1:] {
		if next.Location != one.Location {
			return tracker.Place{}, fmt.Errorf("ambiguous, it is in %s and in %s", min(one.Location, next.Location), max(one.Location, next.Location))
		}
		one.Hostname = firstName(one.Hostname, next.Hostname)
	}
	return one, nil
}

// firstName is the first of two names, by their bytes; it is empty only if both are.
func firstName(a, b string) string {
	if a == "" || b == "" {
		return max(a, b)
	}
	return min(a, b)
}

// placeOfNames makes one answer of those that find returns for a host's names, at least one.
// Names without a place (smdb.ErrNotFound) do not count, unless none has one.
func placeOfNames(names []string, find func(name string) (tracker.Place, error)) (tracker.Place, error) {
	var places []tracker.Place
	var none error
	for _, name := range names {
		switch place, err := find(name); {
		case err == nil:
			places = append(places, place)
		case errors.Is(err, smdb.ErrNotFound):
			none = err
		default:
			return tracker.Place{}, err
		}
	}
	if len(places) == 0 {
		return tracker.Place{}, none
	}
	place, err := onePlace(places...)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: %d names: %w", smdb.ErrInvalid, len(names), err)
	}
	return place, nil
}

// maxHostname is how many bytes a hostname may have (RFC 1035, 2.3.4).
const maxHostname = 255

// checkHostname refuses names that would spoil a log line or a page. An empty one is allowed.
func checkHostname(name string) error {
	if len(name) > maxHostname || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("hostname %.80q", name)
	}
	return nil
}

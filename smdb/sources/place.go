package smdb

import (
	"errors"
	"fmt"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// onePlace makes one answer of several records of a host: a bond and its interfaces are in
// one rack. In whatever order they come, the host has the first of its names. Different
// racks are an error, and so is none.
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

// firstName is the first of two names, by their bytes; none is empty unless both are.
func firstName(a, b string) string {
	if a == "" || b == "" {
		return max(a, b)
	}
	return min(a, b)
}

// placeOfNames makes one answer of what find says of each of a host's names, at least one.
// A name without a place (ErrNotFound) is no record of it, unless none has one.
func placeOfNames(names []string, find func(name string) (tracker.Place, error)) (tracker.Place, error) {
	var places []tracker.Place
	var none error
	for _, name := range names {
		switch place, err := find(name); {
		case err == nil:
			places = append(places, place)
		case errors.Is(err, ErrNotFound):
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
		return tracker.Place{}, fmt.Errorf("%w: %d names: %w", ErrInvalid, len(names), err)
	}
	return place, nil
}

package main

import (
	"errors"
	"slices"
	"strings"
)

// faults is all that is wrong with the settings: an error of one line each, which begins with
// the setting's name.
type faults struct {
	list      []error
	noSources bool // settings of location sources cannot be read: no source is held against them
	unread    bool // a config file or a line of it cannot be read: what it sets is not known
}

// add notes an error once, or each of those that errors.Join joined; nil is none.
func (f *faults) add(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			f.add(one)
		}
	} else if err != nil && !slices.ContainsFunc(f.list, func(known error) bool { return known.Error() == err.Error() }) {
		f.list = append(f.list, err)
	}
}

// blames says whether one of these settings is known to be wrong, or may be: then it is not
// held against others.
func (f *faults) blames(names ...string) bool {
	return f.unread || slices.ContainsFunc(f.list, func(err error) bool {
		name, _, _ := strings.Cut(err.Error(), ":")
		return slices.Contains(names, name)
	})
}

// err is nil if there are none.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return settingsError{errors.Join(f.list...)}
}

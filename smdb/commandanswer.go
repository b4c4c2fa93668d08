package smdb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

var (
	// errDeclined: the program says that it cannot answer this question now.
	errDeclined = errors.New("it could not answer")
	// errNoProtocol: the line is no answer at all.
	errNoProtocol = errors.New("it wrote what is no answer")
)

// parseCommandAnswer reads a line with which a program answers:
//
//	dc1/r17        the host's path
//	dc1/r17 web1   the host's path and hostname
//	-              the host is not known (ErrNotFound); an empty line says so, too
//	!reason        the program cannot answer now
//
// A path that is none is ErrInvalid.
func parseCommandAnswer(text string) (tracker.Place, error) {
	if reason, declined := strings.CutPrefix(text, "!"); declined {
		return tracker.Place{}, fmt.Errorf("%w: %.200q", errDeclined, strings.TrimSpace(reason))
	}
	words := strings.Fields(text)
	switch {
	case len(words) == 0, len(words) == 1 && words[0] == "-":
		return tracker.Place{}, ErrNotFound
	case len(words) > 2:
		return tracker.Place{}, fmt.Errorf("%w: %.80q", errNoProtocol, text)
	}
	location, err := tracker.ParseLocation(words[0])
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: path %.80q: %w", ErrInvalid, words[0], err)
	}
	if len(words) == 1 {
		return tracker.Place{Location: location}, nil
	}
	if err := checkHostname(words[1]); err != nil {
		return tracker.Place{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return tracker.Place{Location: location, Hostname: words[1]}, nil
}

// faultIn returns the error if it is no answer of a program that does its work.
func faultIn(err error) error {
	for _, answer := range []error{ErrNotFound, ErrInvalid, errDeclined} {
		if errors.Is(err, answer) {
			return nil
		}
	}
	return err
}

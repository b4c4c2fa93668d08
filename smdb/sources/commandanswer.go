package sources

import (
	"errors"
	"fmt"
	"strings"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

var (
	// errDeclined: the program says that it cannot answer this question now.
	errDeclined = errors.New("it could not answer")
	// errNoProtocol: the line is no answer of the protocol.
	errNoProtocol = errors.New("it wrote what is no answer")
)

// parseCommandAnswer reads a line with which a program answers:
//
//	dc1/r17           the host's path
//	dc1/FA 12<TAB>    the same, if it holds blanks
//	dc1/r17<TAB>web1  the host's path and hostname
//	-                 the host is not known (smdb.ErrNotFound); an empty line says so, too
//	!reason           the program cannot answer now
//
// A malformed path is smdb.ErrInvalid. So are two words without a tab: they might be the rack
// "FA 12", or the rack FA and the host 12.
func parseCommandAnswer(text string) (tracker.Place, error) {
	text = strings.TrimPrefix(text, "\ufeff") // before a program's first line
	if reason, declined := strings.CutPrefix(strings.TrimSpace(text), "!"); declined {
		return tracker.Place{}, fmt.Errorf("%w: %.200q", errDeclined, strings.TrimSpace(reason))
	}
	path, hostname, tabbed := strings.Cut(text, "\t")
	hostname = strings.TrimSpace(hostname)
	switch words := strings.Fields(path); {
	case !tabbed && (len(words) == 0 || len(words) == 1 && words[0] == "-"):
		return tracker.Place{}, smdb.ErrNotFound
	case !tabbed && len(words) > 2:
		return tracker.Place{}, fmt.Errorf("%w: %.80q", errNoProtocol, text)
	case !tabbed && len(words) > 1:
		return tracker.Place{}, fmt.Errorf("%w: %.80q needs a tab behind a path that holds blanks, and before a hostname", smdb.ErrInvalid, text)
	}
	location, err := tracker.ParseLocation(path)
	if err == nil {
		err = checkHostname(hostname)
	}
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: %w", smdb.ErrInvalid, err)
	}
	return tracker.Place{Location: location, Hostname: hostname}, nil
}

// faultIn returns the error unless it is an answer of the protocol.
func faultIn(err error) error {
	for _, answer := range []error{smdb.ErrNotFound, smdb.ErrInvalid, errDeclined} {
		if errors.Is(err, answer) {
			return nil
		}
	}
	return err
}

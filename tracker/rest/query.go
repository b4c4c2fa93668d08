package rest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const errQuery = tracker.ClientError("the query is malformed: names and values are percent-encoded, and joined by &")

// maxShown is how much of a parameter's name an error repeats.
const maxShown = 64

// checkQuery refuses unknown parameters: a user who misspells one would take the reply for the one
// asked for. It also refuses parameters that come twice, of which one would be ignored.
func checkQuery(raw, known string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errQuery
	}
	names := strings.Fields(known)
	for name, values := range query {
		shown := name[:min(len(name), maxShown)]
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			return badRequest("there is no query parameter %q here, nor any other one", shown)
		case !slices.Contains(names, name):
			return badRequest("there is no query parameter %q here, only %s", shown, strings.Join(names, ", "))
		case len(values) > 1:
			return badRequest("the query parameter %q is there twice", shown)
		}
	}
	return nil
}

// parseRack reads ?rack=, the path of a rack, or of a group of racks, as it is shown. Empty: all.
func parseRack(query url.Values) (tracker.Location, error) {
	if !query.Has("rack") {
		return "", nil
	}
	rack, err := tracker.ParseLocation(query.Get("rack"))
	if err != nil {
		return "", badRequest("rack: %v", err)
	}
	return rack, nil
}

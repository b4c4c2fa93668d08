package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// parseGroup reads a JSON value as the name of one group; a slash is a part of the name.
func parseGroup(value any) (tracker.Location, error) {
	name, err := text(value)
	if err != nil {
		return "", err
	}
	return tracker.NewLocation(name)
}

// parsePath reads a JSON value as a path of one group or several.
func parsePath(value any) (tracker.Location, error) {
	path, err := text(value)
	if err != nil {
		return "", err
	}
	return tracker.ParseLocation(path)
}

// text reads a JSON value, as encoding/json decodes it with UseNumber, as a name. A whole number
// is one. Others are not, since they can be written in several ways: 17.5 is 1.75e1.
func text(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return "", fmt.Errorf("%.80s: only a whole number can be a name", value)
		}
		return value.String(), nil
	case nil:
		return "", errors.New("null is no name")
	case bool:
		return "", fmt.Errorf("%t is no name", value)
	case []any:
		return "", errors.New("a list is no name")
	default:
		return "", errors.New("an object is no name")
	}
}

// withoutBOM drops the byte order mark that editors on Windows, and some services, put before
// UTF-8.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

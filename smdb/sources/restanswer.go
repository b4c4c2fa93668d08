package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// parseAnswer reads the SMDB's answer for one address:
//
//	{"hostname": {"cabinet": "rack", ...}}
//
// where fields are those that make the path of groups. An empty object is smdb.ErrNotFound.
// Several hosts that are all in one rack are one. An object that does not name one rack is
// smdb.ErrInvalid. Anything else comes from no SMDB and is a failure.
func parseAnswer(body []byte, fields []string) (tracker.Place, error) {
	hosts, err := members(withoutBOM(body))
	if err != nil {
		return tracker.Place{}, fmt.Errorf("answer is %w", err)
	}
	if len(hosts) == 0 {
		return tracker.Place{}, smdb.ErrNotFound
	}
	places := make([]tracker.Place, len(hosts))
	for i, host := range hosts {
		if err := checkHostname(host.name); err != nil {
			return tracker.Place{}, fmt.Errorf("%w: %w", smdb.ErrInvalid, err)
		}
		rack, err := parseRecord(host.value, fields)
		if err != nil {
			return tracker.Place{}, fmt.Errorf("%w: host %q: %w", smdb.ErrInvalid, host.name, err)
		}
		places[i] = tracker.Place{Location: rack, Hostname: host.name}
	}
	place, err := onePlace(places...)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: %d hosts have this address: %w", smdb.ErrInvalid, len(hosts), err)
	}
	return place, nil
}

// parseRecord reads the path of groups from a host's record.
func parseRecord(record []byte, fields []string) (tracker.Location, error) {
	all, err := members(record)
	if err != nil {
		return "", fmt.Errorf("its record is %w", err)
	}
	groups := make([]string, len(fields))
	for i, field := range fields {
		group, err := parseField(all, field)
		if err != nil {
			return "", fmt.Errorf("its %s: %w", field, err)
		}
		groups[i] = string(group)
	}
	return tracker.ReadLocation(strings.Join(groups, "/"))
}

// parseField reads the one member of a record that has this name.
func parseField(record []member, name string) (tracker.Location, error) {
	var values []json.RawMessage
	for _, m := range record {
		if m.name == name {
			values = append(values, m.value)
		}
	}
	switch len(values) {
	case 1:
	case 0:
		return "", errors.New("is missing")
	default:
		return "", fmt.Errorf("is there %d times", len(values))
	}
	dec := json.NewDecoder(bytes.NewReader(values[0]))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return "", err
	}
	return parseGroup(value)
}

// member is one name and its value in a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("not a JSON object")

// members lists all members of a JSON object as they are. A map or a struct would keep the last
// of a repeated name, and a struct would take "Cabinet" for "cabinet": a guess between two racks.
func members(object []byte) ([]member, error) {
	if !json.Valid(object) {
		return nil, errNoObject
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoObject
	}
	var all []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errNoObject
		}
		m := member{name: name.(string)} // in valid JSON a name is a string
		if err := dec.Decode(&m.value); err != nil {
			return nil, errNoObject
		}
		all = append(all, m)
	}
	return all, nil
}

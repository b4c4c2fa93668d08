package smdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// maxHostname is how many bytes a hostname may have (RFC 1035, 2.3.4).
const maxHostname = 255

// parseAnswer reads the SMDB's answer for one address:
//
//	{"hostname": {"cabinet": "rack", ...}}
//
// An empty object is ErrNotFound. An object that does not name one host in one
// rack is ErrInvalid. Anything else comes from no SMDB and is a failure.
func parseAnswer(body []byte) (tracker.Place, error) {
	hosts, err := members(body)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("answer is %w", err)
	}
	switch len(hosts) {
	case 0:
		return tracker.Place{}, ErrNotFound
	case 1:
	default:
		return tracker.Place{}, fmt.Errorf("%w: ambiguous, %d hosts have this address", ErrInvalid, len(hosts))
	}
	host := hosts[0]
	if len(host.name) > maxHostname || strings.ContainsFunc(host.name, unicode.IsControl) {
		return tracker.Place{}, fmt.Errorf("%w: hostname %.80q", ErrInvalid, host.name)
	}
	rack, err := parseCabinet(host.value)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("%w: host %q: %w", ErrInvalid, host.name, err)
	}
	return tracker.Place{Location: rack, Hostname: host.name}, nil
}

// parseCabinet reads the rack from a host's record. It is one group: a slash
// in it would put the host into a group that the SMDB never named.
func parseCabinet(record []byte) (tracker.Location, error) {
	fields, err := members(record)
	if err != nil {
		return "", fmt.Errorf("its record is %w", err)
	}
	var cabinets []json.RawMessage
	for _, field := range fields {
		if field.name == "cabinet" {
			cabinets = append(cabinets, field.value)
		}
	}
	if len(cabinets) != 1 {
		return "", fmt.Errorf("its record has %d cabinets", len(cabinets))
	}
	var name string
	if err := json.Unmarshal(cabinets[0], &name); err != nil {
		return "", errors.New("its cabinet is not a string")
	}
	if strings.Contains(name, "/") {
		return "", fmt.Errorf("cabinet %.80q: a rack's name may not hold a slash", name)
	}
	rack, err := tracker.ParseLocation(name)
	if err != nil {
		return "", fmt.Errorf("cabinet %.80q: %w", name, err)
	}
	return rack, nil
}

// member is one name and its value in a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("not a JSON object")

// members lists all members of a JSON object as they are. Decoding into a map
// or a struct would keep the last of a repeated name, and take "Cabinet" for
// "cabinet": a guess between two racks.
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

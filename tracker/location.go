package tracker

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Location is where a host stands: the path of groups from the outermost to
// the rack, joined by slashes, e.g. "dc1/row3/r17", or just "r17". The whole
// path is the rack's name: "dc1/r17" and "dc2/r17" are two racks.
//
// It is written as it stands in Redis: bytes of a name that are not plain (see
// isPlain) are percent-encoded, so that the rack "DC1:R17" is "DC1%3AR17". What
// a person reads is String.
type Location string

// Bounds of a Location.
const (
	MaxGroups    = 4  // groups in a path
	MaxGroupName = 64 // bytes in a group's name, as its source gave it
)

// NewLocation makes a path of one to MaxGroups groups of their names, the rack's
// last. White space around a name is dropped. A slash is part of its name.
func NewLocation(names ...string) (Location, error) {
	if len(names) < 1 || len(names) > MaxGroups {
		return "", fmt.Errorf("%.80q has %d groups, and only 1 to %d can be", strings.Join(names, "/"), len(names), MaxGroups)
	}
	groups := make([]string, len(names))
	for i, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			return "", fmt.Errorf("%.80q has a group without a name", strings.Join(names, "/"))
		}
		if err := checkGroupName(name); err != nil {
			return "", fmt.Errorf("group %.80q %w", name, err)
		}
		groups[i] = escapeGroup(name)
	}
	return Location(strings.Join(groups, "/")), nil
}

// ParseLocation reads a path as people write it, and as String does: slashes
// separate the names, a slash within a name is written %2F, and a percent sign
// %25 where it would be read as one of the two otherwise.
func ParseLocation(text string) (Location, error) {
	names := strings.Split(text, "/")
	for i, name := range names {
		names[i] = outOfPath.Replace(name)
	}
	return NewLocation(names...)
}

var outOfPath = strings.NewReplacer("%2F", "/", "%2f", "/", "%25", "%")

// ReadLocation checks what is said to be a Location, such as one from Redis.
func ReadLocation(escaped string) (Location, error) {
	if strings.Count(escaped, "/") >= MaxGroups {
		return "", fmt.Errorf("%.80q has more than %d groups", escaped, MaxGroups)
	}
	for group := range strings.SplitSeq(escaped, "/") {
		name, err := unescapeGroup(group)
		if err == nil && (name == "" || name != strings.TrimSpace(name) || escapeGroup(name) != group) {
			err = errNotEscaped
		}
		if err == nil {
			err = checkGroupName(name)
		}
		if err != nil {
			return "", fmt.Errorf("group %.80q %w", group, err)
		}
	}
	return Location(escaped), nil
}

// checkGroupName refuses names that nobody could tell apart, or write.
func checkGroupName(name string) error {
	switch {
	case len(name) > MaxGroupName:
		return fmt.Errorf("has more than %d bytes", MaxGroupName)
	// JSON readers put U+FFFD for all that is no UTF-8: two names would be one.
	case !utf8.ValidString(name), strings.ContainsRune(name, utf8.RuneError):
		return errors.New("is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("holds a control character")
	}
	return nil
}

// String is the path as a person reads it, with the names as their source gave
// them; ParseLocation reads it back. A malformed Location is shown as it is.
func (l Location) String() string {
	if strings.IndexByte(string(l), '%') < 0 {
		return string(l)
	}
	groups := strings.Split(string(l), "/")
	for i, group := range groups {
		name, err := unescapeGroup(group)
		if err != nil {
			return string(l)
		}
		groups[i] = inPath.Replace(name)
	}
	return strings.Join(groups, "/")
}

// inPath writes a name so that ParseLocation reads it as one group.
var inPath = strings.NewReplacer("/", "%2F", "%2F", "%252F", "%2f", "%252f", "%25", "%2525")

// MarshalText lets logs and JSON show the path as String does.
func (l Location) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Groups are the groups the host belongs to, each by its path, from the rack
// outwards: "dc1/row3/r17", "dc1/row3", "dc1".
func (l Location) Groups() []string {
	path := string(l)
	groups := make([]string, 0, MaxGroups)
	for path != "" {
		groups = append(groups, path)
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return groups
}

// Within says whether a rack is this group, or one of the racks in it. The empty group has them all.
func (l Location) Within(group Location) bool {
	return group == "" || l == group || strings.HasPrefix(string(l), string(group)+"/")
}

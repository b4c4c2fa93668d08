package tracker

import (
	"fmt"
	"strings"
)

// Location is where a host stands: the path of groups from the outermost to
// the rack, joined by slashes, e.g. "dc1/row3/r17", or just "r17". The whole
// path is the rack's name: "dc1/r17" and "dc2/r17" are two racks.
type Location string

// Bounds of a Location.
const (
	MaxGroups    = 4  // groups in a path
	MaxGroupName = 64 // bytes in a group's name
)

// ParseLocation checks a path of one to MaxGroups groups. A name is made of
// ASCII letters, digits and "._-+@", since it becomes part of Redis keys.
func ParseLocation(path string) (Location, error) {
	groups := strings.Split(path, "/")
	if len(groups) > MaxGroups {
		return "", fmt.Errorf("location has more than %d groups", MaxGroups)
	}
	for _, name := range groups {
		if name == "" || len(name) > MaxGroupName {
			return "", fmt.Errorf("a group's name has 1 to %d bytes", MaxGroupName)
		}
		if i := strings.IndexFunc(name, notInGroupName); i >= 0 {
			return "", fmt.Errorf("a group's name may not hold %q", name[i])
		}
	}
	return Location(path), nil
}

func notInGroupName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("._-+@", r)
}

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

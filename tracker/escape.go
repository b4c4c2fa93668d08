package tracker

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// isPlain says whether a byte of a group's name stands for itself in a key.
func isPlain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("._-+@", c) >= 0
}

// escapeGroup writes every byte of a name that is not plain as %XX (RFC 3986, 2.1).
func escapeGroup(name string) string {
	var escaped []byte // nil as long as all is plain
	for i := range len(name) {
		c := name[i]
		switch {
		case !isPlain(c):
			if escaped == nil {
				escaped = append(make([]byte, 0, 3*len(name)), name[:i]...)
			}
			escaped = fmt.Appendf(escaped, "%%%02X", c)
		case escaped != nil:
			escaped = append(escaped, c)
		}
	}
	if escaped == nil {
		return name
	}
	return string(escaped)
}

var errNotEscaped = errors.New("is not escaped as it should be")

// unescapeGroup reads what escapeGroup wrote. It does not look whether more is escaped than has to be.
func unescapeGroup(group string) (string, error) {
	name, err := url.PathUnescape(group)
	if err != nil {
		return "", errNotEscaped
	}
	return name, nil
}

package smdb

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHostname is how many bytes a hostname may have (RFC 1035, 2.3.4).
const maxHostname = 255

// checkHostname refuses what no log line or page should have to show. A host
// without a name is a host as well.
func checkHostname(name string) error {
	if len(name) > maxHostname || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("hostname %.80q", name)
	}
	return nil
}

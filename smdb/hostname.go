package smdb

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkHostname refuses what no log line or page should have to show. A host
// without a name is a host as well.
func checkHostname(name string) error {
	if len(name) > maxHostname || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("hostname %.80q", name)
	}
	return nil
}

package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WriteDocument puts results into a document, between the lines <!-- MARK --> and <!-- /MARK -->, and
// a plot (SVG) beside it, under the document's name. results is told the plot's.
func WriteDocument(path, mark string, plot []byte, results func(plot string) string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+mark+" -->\n", "<!-- /"+mark+" -->"
	before, rest, begins := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return fmt.Errorf("%s has no %s and %s around the results", path, strings.TrimSpace(begin), end)
	}
	beside := strings.TrimSuffix(path, filepath.Ext(path)) + ".svg"
	if err := os.WriteFile(beside, plot, 0o644); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	return os.WriteFile(path, []byte(before+begin+results(filepath.Base(beside))+end+after), 0o644) //nolint:gosec // likewise
}

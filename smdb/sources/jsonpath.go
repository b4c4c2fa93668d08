package sources

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// jsonPath says where in a JSON document a value is (RFC 9535).
type jsonPath struct{ *jsonpath.Path }

// parseJSONPath reads an expression. Its root may be left out: host.rack is $.host.rack.
func parseJSONPath(text string) (*jsonPath, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, errors.New("an expression is missing, like host.rack")
	case text[0] == '[':
		text = "$" + text
	case text[0] != '$':
		text = "$." + text
	}
	path, err := jsonpath.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; a name of more than letters, digits and _ is written like host['rack-name']", text, err)
	}
	return &jsonPath{path}, nil
}

// parseJSONPaths reads one expression or several.
func parseJSONPaths(text string) ([]*jsonPath, error) {
	var paths []*jsonPath
	for _, one := range splitAtCommas(text) {
		path, err := parseJSONPath(one)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// splitAtCommas splits at the commas between expressions: those outside brackets and quotes.
func splitAtCommas(text string) []string {
	var parts []string
	start, depth, quote := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++ // what it escapes does not end the quote
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '\'', c == '"':
			quote = c
		case c == '[', c == '(':
			depth++
		case c == ']', c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

var errNoValue = errors.New("is not in the answer")

// all returns the values that the path selects, at least one. If there is none because the
// document ends before it with nothing, that is smdb.ErrNotFound; otherwise errNoValue.
func (p *jsonPath) all(document any) ([]any, error) {
	values := p.Select(document)
	switch {
	case isNothing(document):
		return nil, smdb.ErrNotFound
	case len(values) > 0:
		return values, nil
	case p.endsWithNothing(document):
		return nil, smdb.ErrNotFound
	}
	return nil, errNoValue
}

// endsWithNothing says whether the longest part of the path that selects a value selects nothing
// but null, {} and []. Within one of several records that does not count, since there is a record
// of the host: {"hosts": [{"rack": null}]} with hosts[0].rack.name.
func (p *jsonPath) endsWithNothing(document any) bool {
	segments := p.Query().Segments()
	for n := range slices.Backward(segments) {
		values := spec.Query(true, segments[:n]...).Select(nil, document)
		for _, value := range values {
			if !isNothing(value) {
				return false
			}
		}
		if len(values) > 0 {
			return n == 0 || !slices.ContainsFunc(segments[:n-1], picksRecords)
		}
	}
	return false
}

// picksRecords says whether a part of a path selects by anything but a name.
func picksRecords(segment *spec.Segment) bool {
	return slices.ContainsFunc(segment.Selectors(), func(s spec.Selector) bool {
		_, isName := s.(spec.Name)
		return !isName
	})
}

// isNothing says whether a value is null, {} or [].
func isNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

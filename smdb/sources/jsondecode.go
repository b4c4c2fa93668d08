package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// maxDepth is how deep an answer may be nested. The time of some JSONPaths grows with its square.
const maxDepth = 100

var errNoJSON = errors.New("answer is not JSON")

// decodeJSON reads an answer as encoding/json does with UseNumber, but for two things. A name
// that is there twice is smdb.ErrInvalid: to keep the last one would be a guess between two
// racks. A number alone is a failure: it may be the beginning of a longer one.
func decodeJSON(body []byte) (any, error) {
	body = withoutBOM(body)
	if !json.Valid(body) {
		return nil, errNoJSON
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	value, err := decodeValue(dec, maxDepth)
	if _, isNumber := value.(json.Number); isNumber {
		return nil, errors.New("answer is a number alone, which may be cut short")
	}
	return value, err
}

// decodeValue reads the next value of valid JSON.
func decodeValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, errNoJSON
	}
	open, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if depth == 0 {
		return nil, fmt.Errorf("answer is nested deeper than %d", maxDepth)
	}
	var value any
	if open == '{' {
		value, err = decodeObject(dec, depth-1)
	} else {
		value, err = decodeList(dec, depth-1)
	}
	if err != nil {
		return nil, err
	}
	_, err = dec.Token() // the end
	return value, err
}

func decodeObject(dec *json.Decoder, depth int) (map[string]any, error) {
	object := make(map[string]any)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, errNoJSON
		}
		name := token.(string) // in valid JSON a name is a string
		if _, known := object[name]; known {
			return nil, fmt.Errorf("%w: %.80q is there twice", smdb.ErrInvalid, name)
		}
		if object[name], err = decodeValue(dec, depth); err != nil {
			return nil, err
		}
	}
	return object, nil
}

func decodeList(dec *json.Decoder, depth int) ([]any, error) {
	list := []any{}
	for dec.More() {
		value, err := decodeValue(dec, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

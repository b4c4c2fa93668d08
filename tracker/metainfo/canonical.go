package metainfo

import (
	"bytes"
	"slices"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of a torrent's bencoding: what libtorrent 2.0 reads.
const (
	maxDepth  = 99        // dictionaries and lists inside each other
	maxValues = 3_000_000 // integers, strings, lists and dictionaries
)

// Faults of a torrent's bencoding. BEP 3 allows one encoding of a value only; a
// program that decodes and encodes another info gets another info hash. Around info, keys in any
// order, keys that occur twice and bytes behind the end hurt nobody: aria2, libtorrent,
// rtorrent and transmission load such files, and many tools write them.
const (
	errNotDict   = tracker.ClientError("torrent: the file is no bencoded dictionary")
	errEnd       = tracker.ClientError("torrent: the file ends too early")
	errByte      = tracker.ClientError("torrent: not bencoded: no value starts with such a byte")
	errKey       = tracker.ClientError("torrent: not bencoded: a key is no string")
	errDuplicate = tracker.ClientError("torrent: not canonical: a key occurs twice")
	errUnsorted  = tracker.ClientError("torrent: not canonical: keys are not sorted")
	errDepth     = tracker.ClientError("torrent: dictionaries and lists are nested too deep")
	errValues    = tracker.ClientError("torrent: too many values")
	errInfoTwice = tracker.ClientError("torrent: info occurs twice")
	errNoInfo    = tracker.ClientError("torrent: info is missing")
	errInfo      = tracker.ClientError("torrent: info is no dictionary")
)

// scan checks that data is one dictionary in bencoding, whose info is a dictionary in
// canonical bencoding, and finds what matters in it.
func scan(data []byte) (*scanner, error) {
	if len(data) == 0 || data[0] != 'd' {
		return nil, errNotDict
	}
	s := &scanner{data: data, outer: map[string]span{}}
	if err := s.value(0); err != nil {
		return nil, err
	}
	switch {
	case s.info == span{}:
		return nil, errNoInfo
	case data[s.info.start] != 'd':
		return nil, errInfo
	}
	return s, nil
}

// span is where a value stands.
type span struct{ start, end int }

// scanner walks over bencoded data and keeps nothing but where values are.
type scanner struct {
	data   []byte
	pos    int
	values int
	strict bool            // within info: keys are sorted, and each occurs once
	info   span            // zero: none
	pieces span            // the string pieces in info; zero: none
	outer  map[string]span // values beside info, by those keys of outerKeys that are there
}

// outerKeys are the keys beside info that matter. The first of a repeated key counts, as
// for libtorrent and transmission.
var outerKeys = []string{"announce", "announce-list", "httpseeds", "url-list"}

// value walks over the value at pos, which is inside depth others.
func (s *scanner) value(depth int) error {
	if s.values++; s.values > maxValues {
		return errValues
	}
	c, ok := s.peek()
	switch {
	case !ok:
		return errEnd
	case c == 'i':
		return s.integer()
	case isDigit(c):
		_, err := s.str()
		return err
	case c != 'l' && c != 'd':
		return errByte
	case depth == maxDepth:
		return errDepth
	case c == 'l':
		return s.list(depth + 1)
	default:
		return s.dict(depth + 1)
	}
}

// list walks over "l", values, "e".
func (s *scanner) list(depth int) error {
	s.pos++
	for !s.end() {
		if err := s.value(depth); err != nil {
			return err
		}
	}
	return nil
}

// dict walks over "d", pairs of a key and a value, "e".
func (s *scanner) dict(depth int) error {
	s.pos++
	var last []byte
	for first := true; !s.end(); first = false {
		key, err := s.key()
		if err != nil {
			return err
		}
		if s.strict && !first {
			switch order := bytes.Compare(last, key); {
			case order == 0:
				return errDuplicate
			case order > 0:
				return errUnsorted
			}
		}
		if depth == 1 {
			err = s.top(string(key))
		} else {
			err = s.inner(depth, string(key))
		}
		if err != nil {
			return err
		}
		last = key
	}
	return nil
}

// top walks over the value of a key beside info, or over info.
func (s *scanner) top(key string) error {
	isInfo := key == "info"
	if isInfo && s.info != (span{}) {
		return errInfoTwice
	}
	at := span{start: s.pos}
	s.strict = isInfo
	err := s.value(1)
	s.strict = false
	at.end = s.pos
	if _, known := s.outer[key]; !known && slices.Contains(outerKeys, key) {
		s.outer[key] = at
	}
	if isInfo {
		s.info = at
	}
	return err
}

// inner walks over the value of a key farther inside.
func (s *scanner) inner(depth int, key string) error {
	start := s.pos
	err := s.value(depth)
	if err == nil && s.strict && depth == 2 && key == "pieces" && isDigit(s.data[start]) {
		s.pieces = span{start, s.pos}
	}
	return err
}

func (s *scanner) key() ([]byte, error) {
	c, ok := s.peek()
	switch {
	case !ok:
		return nil, errEnd
	case !isDigit(c):
		return nil, errKey
	}
	return s.str()
}

// end steps over the "e" of a list or dictionary, if it is next.
func (s *scanner) end() bool {
	c, ok := s.peek()
	if ok && c == 'e' {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) peek() (byte, bool) {
	if s.pos == len(s.data) {
		return 0, false
	}
	return s.data[s.pos], true
}

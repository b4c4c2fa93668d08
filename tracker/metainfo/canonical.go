package metainfo

import (
	"bytes"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of a torrent's bencoding: what libtorrent 2.0 reads.
const (
	maxDepth  = 99        // dictionaries and lists inside each other
	maxValues = 3_000_000 // integers, strings, lists and dictionaries
)

// Faults of a torrent's bencoding. BEP 3 allows one encoding of a value only; a
// program that decodes and encodes another one gets another info hash.
const (
	errNotDict   = tracker.ClientError("torrent: the file is no bencoded dictionary")
	errEnd       = tracker.ClientError("torrent: the file ends too early")
	errTrailing  = tracker.ClientError("torrent: bytes follow the end of the dictionary")
	errByte      = tracker.ClientError("torrent: not bencoded: no value starts with such a byte")
	errKey       = tracker.ClientError("torrent: not bencoded: a key is no string")
	errDuplicate = tracker.ClientError("torrent: not canonical: a key occurs twice")
	errUnsorted  = tracker.ClientError("torrent: not canonical: keys are not sorted")
	errDepth     = tracker.ClientError("torrent: dictionaries and lists are nested too deep")
	errValues    = tracker.ClientError("torrent: too many values")
	errNoInfo    = tracker.ClientError("torrent: info is missing")
	errInfo      = tracker.ClientError("torrent: info is no dictionary")
)

// infoSpan checks that data is one dictionary in canonical bencoding and
// returns the bytes of its info, which is a dictionary as well.
func infoSpan(data []byte) ([]byte, error) {
	if len(data) == 0 || data[0] != 'd' {
		return nil, errNotDict
	}
	s := scanner{data: data}
	if err := s.value(0); err != nil {
		return nil, err
	}
	switch {
	case s.pos < len(data):
		return nil, errTrailing
	case s.info == nil:
		return nil, errNoInfo
	case s.info[0] != 'd':
		return nil, errInfo
	}
	return s.info, nil
}

// scanner walks over bencoded data and keeps nothing but the span of info.
type scanner struct {
	data   []byte
	pos    int
	values int
	info   []byte
}

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
		if !first {
			switch order := bytes.Compare(last, key); {
			case order == 0:
				return errDuplicate
			case order > 0:
				return errUnsorted
			}
		}
		start := s.pos
		if err := s.value(depth); err != nil {
			return err
		}
		if depth == 1 && string(key) == "info" {
			s.info = s.data[start:s.pos]
		}
		last = key
	}
	return nil
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

package metainfo

import (
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Faults of a torrent's integers and strings.
const (
	errInteger     = tracker.ClientError("torrent: not bencoded: an integer is malformed")
	errIntegerZero = tracker.ClientError("torrent: not canonical: an integer has a leading zero or is -0")
	errIntegerBig  = tracker.ClientError("torrent: an integer does not fit 64 bits")
	errString      = tracker.ClientError("torrent: not bencoded: a string's length is malformed")
	errStringZero  = tracker.ClientError("torrent: not canonical: a string's length has a leading zero")
	errStringLong  = tracker.ClientError("torrent: a string is longer than the file")
)

// integer walks over "i", a decimal number, "e".
func (s *scanner) integer() error {
	s.pos++
	sign := ""
	if c, ok := s.peek(); ok && c == '-' {
		s.pos++
		sign = "-"
	}
	digits, err := s.digits('e', errInteger)
	switch {
	case err != nil:
		return err
	case digits[0] == '0' && sign+digits != "0":
		return errIntegerZero
	}
	if _, err := strconv.ParseInt(sign+digits, 10, 64); err != nil {
		return errIntegerBig
	}
	return nil
}

// str walks over a length, ":" and as many bytes, and returns these.
func (s *scanner) str() ([]byte, error) {
	digits, err := s.digits(':', errString)
	switch {
	case err != nil:
		return nil, err
	case digits[0] == '0' && digits != "0":
		return nil, errStringZero
	}
	length, err := strconv.Atoi(digits)
	if err != nil || length > len(s.data)-s.pos {
		return nil, errStringLong
	}
	start := s.pos
	s.pos += length
	return s.data[start:s.pos], nil
}

// digits walks over one or more digits and the byte that ends them. Anything
// else is the fault malformed.
func (s *scanner) digits(end byte, malformed error) (string, error) {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	digits := string(s.data[start:s.pos])
	switch c, ok := s.peek(); {
	case !ok:
		return "", errEnd
	case c != end || digits == "":
		return "", malformed
	}
	s.pos++
	return digits, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

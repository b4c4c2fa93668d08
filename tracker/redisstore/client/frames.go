package client

import (
	"bytes"
	"errors"
)

// Bounds of a reply. Redis takes no string longer than maxBlob, and no list of ours comes near
// maxItems.
const (
	maxBlob  = 512 << 20
	maxItems = 1 << 20
	maxDepth = 16
	maxLine  = 64 << 10
)

// What a reply can be that ends its connection.
var (
	errFrame   = errors.New("redis sent what is no reply")
	errUnasked = errors.New("redis sent a reply that nobody asked for")
	errShape   = errors.New("redis answered a command with what is no reply to it")
)

// shape is what a command may be answered with, besides an error.
type shape byte

const (
	anyShape shape = iota
	array
	scalar
)

// shapes are those of the commands that are sent most, by the first four bytes of their words.
var shapes = map[[4]byte]shape{
	{'E', 'V', 'A', 'L'}:  array, // and EVALSHA: every script returns one
	{'G', 'E', 'T', '\r'}: scalar, {'S', 'E', 'T', '\r'}: scalar,
	{'S', 'A', 'D', 'D'}: scalar, {'S', 'R', 'E', 'M'}: scalar, {'Z', 'R', 'E', 'M'}: scalar,
}

// fits says whether a reply of a kind may be one.
func (s shape) fits(kind byte) bool {
	switch kind {
	case '-', '!':
		return true
	case '*', '%', '~':
		return s != scalar
	default:
		return s != array
	}
}

// replies follows the bytes of a connection's replies (RESP2 and RESP3), wherever they are cut.
type replies struct {
	take func() (want shape, asked bool) // of the next command that was sent and has no reply yet

	kind   byte            // of the value under way; 0: it begins
	number int64           // of its first line, so far
	digits int             // likewise; of a value of one line: its bytes
	minus  bool            // likewise
	blanks int             // likewise, of an error
	code   [5]byte         // with which it begins
	skip   int64           // bytes of a blob to come, with its line end
	depth  int             // arrays around the value
	left   [maxDepth]int64 // values to come of each
}

// check returns how many of the bytes may be passed on, and what is wrong with those after them.
func (r *replies) check(p []byte) (good int, err error) {
	for i := 0; i < len(p); {
		switch {
		case r.skip > 2:
			n := min(r.skip-2, int64(len(p)-i))
			r.skip -= n
			i += int(n)
		case r.skip > 0:
			if p[i] != "\n\r"[r.skip-1] {
				return i, errFrame
			}
			i++
			if r.skip--; r.skip == 0 {
				r.end()
			}
		case r.kind == 0:
			if err := r.begin(p[i]); err != nil {
				return i, err
			}
			i++
		default:
			n, err := r.line(p[i:])
			if err != nil {
				return i, err
			}
			i += n
		}
	}
	return len(p), nil
}

// begin looks at the first byte of a value.
func (r *replies) begin(kind byte) error {
	switch kind {
	case '$', '!', '=', '*', '%', '~', '+', '-', ':', '_', ',', '#', '(':
	default: // also pushes and attributes, for which nobody asks
		return errFrame
	}
	if r.depth == 0 {
		if kind == '!' { // Redis has none, and one that begins as a redirection would be taken for it
			return errFrame
		}
		want, asked := r.take()
		if !asked {
			return errUnasked
		}
		if !want.fits(kind) {
			return errShape
		}
	}
	r.kind, r.number, r.digits, r.minus, r.blanks, r.code = kind, 0, 0, false, 0, [5]byte{}
	return nil
}

// line reads on in the first line of a value, and returns how many bytes were of it.
func (r *replies) line(p []byte) (int, error) {
	switch r.kind {
	case '$', '!', '=', '*', '%', '~':
		return r.length(p)
	}
	n, ended := bytes.IndexByte(p, '\n')+1, true
	if n == 0 {
		n, ended = len(p), false
	}
	if r.kind == '-' {
		copy(r.code[min(r.digits, len(r.code)):], p[:n])
		r.blanks += bytes.Count(p[:n], []byte{' '})
	}
	r.digits += n
	switch {
	case ended && r.kind == '-' && r.blanks < 2 && redirects(r.code):
		return 0, errFrame
	case r.digits > maxLine:
		return 0, errFrame
	case ended && (r.kind == '_' && r.digits != len("\r\n") || r.kind == '#' && r.digits != len("t\r\n")):
		return 0, errFrame
	case ended:
		r.end()
	}
	return n, nil
}

// redirects says whether an error that begins so is taken for one that names a server and a slot.
func redirects(code [5]byte) bool {
	return string(code[:]) == "MOVED" || string(code[:3]) == "ASK"
}

// length reads the length of a blob, or how many values are in an array.
func (r *replies) length(p []byte) (int, error) {
	for i, c := range p {
		switch {
		case c >= '0' && c <= '9':
			r.digits++
			if r.number = r.number*10 + int64(c-'0'); r.number > maxBlob {
				return 0, errFrame
			}
		case c == '-' && r.digits == 0 && !r.minus:
			r.minus = true
		case c == '\r' && r.digits > 0:
		case c == '\n' && r.digits > 0:
			return i + 1, r.measured()
		default:
			return 0, errFrame
		}
	}
	return len(p), nil
}

// measured goes on behind the length of a blob or an array; -1 is none at all.
func (r *replies) measured() error {
	blob := r.kind == '$' || r.kind == '!' || r.kind == '='
	switch {
	case r.minus && (r.number != 1 || r.kind != '$' && r.kind != '*'):
		return errFrame
	case r.minus, r.number == 0 && !blob:
		r.end()
	case blob:
		r.skip = r.number + 2
	default:
		return r.nest()
	}
	return nil
}

// nest begins with the values of an array. Whoever reads them has made room for all.
func (r *replies) nest() error {
	if r.kind == '%' {
		r.number *= 2
	}
	room := r.number
	for _, left := range r.left[:r.depth] {
		room += left
	}
	if room > maxItems || r.depth == maxDepth {
		return errFrame
	}
	r.left[r.depth] = r.number
	r.depth++
	r.kind = 0
	return nil
}

// end notes that a value is complete, and with it perhaps arrays around it.
func (r *replies) end() {
	r.kind = 0
	for r.depth > 0 {
		if r.left[r.depth-1]--; r.left[r.depth-1] > 0 {
			return
		}
		r.depth--
	}
}

// commands follows the bytes of the commands that a connection sends, wherever they are cut.
type commands struct {
	sent func(want shape) // is called when a command is known

	number int     // of the line under way
	words  int     // of the command still to come
	skip   int     // bytes of a word to come, with its line end
	named  int     // how many bytes of its name are known
	name   [4]byte // which has as many, with its line end
}

func (c *commands) follow(p []byte) {
	for i := 0; i < len(p); {
		if c.skip > 0 {
			n := min(c.skip, len(p)-i)
			if c.named < len(c.name) {
				c.read(p[i : i+n])
			}
			c.skip -= n
			i += n
			continue
		}
		i += c.line(p[i:])
	}
}

// line reads on in a line "*NUMBER" or "$NUMBER", and returns how many bytes were of it.
func (c *commands) line(p []byte) int {
	number := c.number
	for i, b := range p {
		digit := b - '0'
		switch {
		case digit <= 9:
			number = number*10 + int(digit)
		case b != '\n': // * or $ in front, or \r behind
			if b != '\r' {
				number = 0
			}
		case c.words == 0: // behind *
			c.words, c.named = number, 0
			return i + 1
		default:
			c.words--
			c.skip = number + 2
			return i + 1
		}
	}
	c.number = number
	return len(p)
}

// read reads on in the name of a command.
func (c *commands) read(p []byte) {
	c.named += copy(c.name[c.named:], p)
	if c.named == len(c.name) {
		c.sent(shapes[c.name])
	}
}

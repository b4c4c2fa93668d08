package bthttp

import "strings"

// nextPair takes the first parameter off a raw query. Nothing is unescaped.
func nextPair(query string) (key, value, rest string) {
	pair, rest, _ := strings.Cut(query, "&")
	key, value, _ = strings.Cut(pair, "=")
	return key, value, rest
}

// nextByte takes the first byte off an escaped text. A percent sign that two
// hexadecimal digits do not follow is not ok, and stands for itself. A plus is
// a plus: peer ids hold them. Of info hashes there is another reading, see withBlanks.
func nextByte(text string) (c byte, rest string, ok bool) {
	if text[0] != '%' {
		return text[0], text[1:], true
	}
	if len(text) < 3 {
		return '%', text[1:], false
	}
	high, low := digit(text[1]), digit(text[2])
	if high|low > 0xf {
		return '%', text[1:], false
	}
	return high<<4 | low, text[3:], true
}

// digit is what a hexadecimal digit is worth; 0xff for any other byte.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// unescapeInto fills dst from an escaped text, and says whether the text was
// well escaped and filled it exactly.
func unescapeInto(dst []byte, text string) bool {
	n := 0
	for ; text != "" && n < len(dst); n++ {
		var ok bool
		if dst[n], text, ok = nextByte(text); !ok {
			return false
		}
	}
	return text == "" && n == len(dst)
}

// unescaped is an escaped text in plain. It allocates only where there is
// something to unescape.
func unescaped(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	var plain strings.Builder
	plain.Grow(len(text))
	for text != "" {
		var c byte
		c, text, _ = nextByte(text)
		plain.WriteByte(c)
	}
	return plain.String()
}

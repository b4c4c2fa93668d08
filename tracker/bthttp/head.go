package bthttp

import (
	"bytes"
	"strings"
	"unsafe"
)

// maxForwarded is how many X-Forwarded-For lines a plain request has at most. Proxies join
// them to one.
const maxForwarded = 4

// head is what a plain request says. Its strings share the memory it was read from.
type head struct {
	path, query string
	http10      bool
	keep        bool // the connection, by the rules of its version
	forwarded   [maxForwarded]string
	forwards    int // of these are given

	hosts, connections int // lines of that name
}

// Of a plain request all is the same for net/http as here.
const (
	method  = "GET "
	http11  = " HTTP/1.1"
	http10  = " HTTP/1.0"
	newline = "\r\n"
)

// read reads a plain request off the bytes that came, and how many of them it has. A
// request is plain if it is an announce or a scrape by GET, in HTTP/1.0 or 1.1, has no
// body and asks for nothing out of the ordinary, and is all there. Whatever is odd about
// any other is for net/http to judge, which gets it as it came.
func (h *head) read(in []byte) (size int, plain bool) {
	*h = head{}
	line, rest, ok := cutLine(in)
	if !ok || !h.readTarget(line) {
		return 0, false
	}
	for {
		if line, rest, ok = cutLine(rest); !ok {
			return 0, false
		}
		if line == "" {
			break
		}
		if !h.readField(line) {
			return 0, false
		}
	}
	// HTTP/1.1 has a Host, and one only (RFC 9112, 3.2).
	if h.hosts > 1 || h.hosts == 0 && !h.http10 {
		return 0, false
	}
	return len(in) - len(rest), true
}

// cutLine takes the first line off.
func cutLine(in []byte) (line string, rest []byte, ok bool) {
	end := bytes.IndexByte(in, '\n')
	if end < 1 || in[end-1] != '\r' {
		return "", nil, false
	}
	return share(in[:end-1]), in[end+1:], true
}

// share is bytes as a string without a copy, which would be the only memory that reading a
// request costs. It holds for as long as the bytes are not written to.
func share(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // see above

// readTarget reads the request line.
func (h *head) readTarget(line string) bool {
	target, ok := strings.CutPrefix(line, method)
	if !ok {
		return false
	}
	if target, ok = strings.CutSuffix(target, http11); ok {
		h.keep = true
	} else if target, h.http10 = strings.CutSuffix(target, http10); !h.http10 {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == del {
			return false
		}
	}
	h.path, h.query, _ = strings.Cut(target, "?")
	return isOurs(h.path)
}

// del is the control character behind ASCII's letters.
const del = 0x7f

// readField reads a line of the header (RFC 9112, 5): only what decides something here.
func (h *head) readField(line string) bool {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) || !isText(value) {
		return false
	}
	value = strings.Trim(value, " \t")
	switch {
	case strings.EqualFold(name, "Host"):
		h.hosts++
		return isHost(value)
	case strings.EqualFold(name, "Connection"):
		return h.readConnection(value)
	case strings.EqualFold(name, "X-Forwarded-For"):
		if h.forwards == maxForwarded {
			return false
		}
		h.forwarded[h.forwards] = value
		h.forwards++
	case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"), strings.EqualFold(name, "Trailer"),
		strings.EqualFold(name, "Expect"), strings.EqualFold(name, "Upgrade"):
		return false
	}
	return true
}

// readConnection knows the two words that keep-alive is made of, each alone.
func (h *head) readConnection(value string) bool {
	h.connections++
	switch {
	case h.connections > 1:
		return false
	case strings.EqualFold(value, "close"):
		h.keep = false
	case strings.EqualFold(value, "keep-alive"):
		h.keep = true
	default:
		return false
	}
	return true
}

// isToken says whether a field has such a name (RFC 9110, 5.6.2).
func isToken(name string) bool {
	for i := range len(name) {
		if !tokens[name[i]] {
			return false
		}
	}
	return name != ""
}

// isHost says whether a Host is a plain name or address, perhaps with a port.
func isHost(value string) bool {
	for i := range len(value) {
		if c := value[i]; !alphanumeric(c) && strings.IndexByte(".-_:[]", c) < 0 {
			return false
		}
	}
	return value != ""
}

// isText says whether a field may have such a value: no control character but the tab.
func isText(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == del {
			return false
		}
	}
	return true
}

var tokens = func() (all [256]bool) {
	for c := range all {
		all[c] = alphanumeric(byte(c)) || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return all
}()

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

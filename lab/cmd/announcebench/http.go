package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// reply is what a tracker answered.
type reply struct {
	peers   int    // how many it names
	failure string // why it named none, or a warning; empty if all is well
}

const hexDigits = "0123456789abcdef"

// appendRequest writes the GET of an announce, as libtorrent's clients order its keys. A
// tracker that does not believe ip= sees the same address as the connection's own.
func appendRequest(dst []byte, a announce, server string, keep bool) []byte {
	dst = append(dst, "GET /announce?info_hash="...)
	for _, b := range a.hash {
		dst = append(dst, '%', hexDigits[b>>4], hexDigits[b&15])
	}
	dst = append(dst, "&peer_id="...)
	dst = appendPeerID(dst, a.number)
	dst = appendField(dst, "&port=", peerPort)
	dst = append(dst, "&uploaded=0"...)
	dst = appendField(dst, "&downloaded=", payload-a.left)
	dst = appendField(dst, "&left=", a.left)
	dst = append(dst, "&key="...) // the one it has over UDP: else it would be another host there
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[a.number>>shift&15])
	}
	switch a.event {
	case eventNone:
	case eventCompleted:
		dst = append(dst, "&event=completed"...)
	case eventStarted:
		dst = append(dst, "&event=started"...)
	case eventStopped:
		dst = append(dst, "&event=stopped"...)
	}
	dst = appendField(dst, "&numwant=", uint64(a.want))
	dst = append(dst, "&compact=1"...)
	dst = appendField(dst, "&ip=", uint64(a.addr[0]))
	for _, b := range a.addr[1:] {
		dst = appendField(dst, ".", uint64(b))
	}
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, server...)
	dst = append(dst, "\r\nUser-Agent: announcebench\r\nAccept-Encoding: gzip\r\n"...)
	if !keep {
		dst = append(dst, "Connection: close\r\n"...)
	}
	return append(dst, "\r\n"...)
}

func appendField(dst []byte, name string, value uint64) []byte {
	return strconv.AppendUint(append(dst, name...), value, 10)
}

// appendPeerID writes the 20 bytes by which a host is known.
func appendPeerID(dst []byte, number int) []byte {
	return fmt.Appendf(dst, "-AB0001-%012d", number)
}

// parseHTTP reads the reply to an announce. It is not complete until all is there that
// its header promises, or, if that promises nothing, until the tracker has closed.
func parseHTTP(data []byte, closed bool) (r reply, complete bool, err error) {
	header, body, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if !found {
		if closed {
			err = fmt.Errorf("closed after %d bytes of a reply", len(data))
		}
		return r, false, err
	}
	status, fields, _ := bytes.Cut(header, []byte("\r\n"))
	if !bytes.HasPrefix(status, []byte("HTTP/1.")) || !bytes.Contains(status, []byte(" 200 ")) {
		return r, false, fmt.Errorf("status %.40q", status)
	}
	length, err := contentLength(fields)
	switch {
	case err != nil:
		return r, false, err
	case length < 0 && !closed, length > len(body) && !closed:
		return r, false, nil
	case length > len(body):
		return r, false, fmt.Errorf("closed after %d of %d bytes", len(body), length)
	}
	if length >= 0 {
		body = body[:length]
	}
	r, err = parseBody(body)
	return r, err == nil, err
}

// contentLength is -1 if the header's fields have none.
func contentLength(fields []byte) (int, error) {
	for line := range bytes.SplitSeq(fields, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
			return int(n), err
		}
	}
	return -1, nil
}

// parseBody reads a bencoded dictionary no further than the bench needs.
func parseBody(body []byte) (reply, error) {
	if !bytes.HasPrefix(body, []byte("d")) || !bytes.HasSuffix(body, []byte("e")) {
		return reply{}, fmt.Errorf("no dictionary: %.40q", body)
	}
	for _, key := range []string{"14:failure reason", "15:warning message"} {
		if text, ok := stringAfter(body, key); ok {
			return reply{failure: string(text)}, nil
		}
	}
	peers, ok := stringAfter(body, "5:peers")
	if !ok || len(peers)%6 != 0 {
		return reply{}, fmt.Errorf("no compact peers: %.40q", body)
	}
	return reply{peers: len(peers) / 6}, nil
}

// stringAfter is the string that stands behind a key.
func stringAfter(body []byte, key string) ([]byte, bool) {
	_, rest, found := bytes.Cut(body, []byte(key))
	digits, rest, colon := bytes.Cut(rest, []byte(":"))
	length, err := strconv.ParseUint(string(digits), 10, 31)
	if !found || !colon || err != nil || int(length) > len(rest) {
		return nil, false
	}
	return rest[:length], true
}

package smdb

import (
	"context"
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"testing"
)

// A name server's answers, and their absence, are the kinds of error of a source.
func TestSystemNamer(t *testing.T) {
	const (
		noError       = 0 // RFC 1035, 4.1.1
		serverFailure = 2
		nameError     = 3
		refused       = 5
	)
	for _, tt := range []struct {
		rcode byte
		names []string
		want  string
		err   error
	}{
		{noError, []string{"ams-r17-h3.example.net"}, "ams-r17-h3.example.net.", nil},
		{noError, []string{"a.example.net", "b.example.net"}, "", ErrInvalid},
		{noError, nil, "", ErrNotFound},
		{nameError, nil, "", ErrNotFound},
		{serverFailure, nil, "", errFailure},
		{refused, nil, "", errFailure},
	} {
		names := systemNamer{&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", serveNames(t, tt.rcode, tt.names))
		}}}
		name, err := names.hostName(t.Context(), hostAddr)
		if name != tt.want || kind(err) != tt.err {
			t.Errorf("code %d, %q: %q, %v; want %q, %v", tt.rcode, tt.names, name, err, tt.want, tt.err)
		}
	}
}

// serveNames starts a name server that answers each question alike.
func serveNames(t *testing.T, rcode byte, names []string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(nameAnswer(buf[:n], rcode, names), from)
		}
	}()
	return conn.LocalAddr().String()
}

// nameAnswer turns a question into its answer with PTR records (RFC 1035, 4.1).
func nameAnswer(question []byte, rcode byte, names []string) []byte {
	const header = 12
	end := header + slices.Index(question[header:], 0) + 5 // the name's end, type and class
	answer := slices.Clone(question[:end])
	answer[2] |= 0x80 // it is an answer
	answer[3] = 0x80 | rcode
	binary.BigEndian.PutUint16(answer[6:], uint16(len(names)))
	clear(answer[8:header]) // neither authorities nor additional records
	for _, name := range names {
		var data []byte
		for label := range strings.SplitSeq(name, ".") {
			data = append(append(data, byte(len(label))), label...)
		}
		data = append(data, 0)
		answer = append(answer, 0xc0, header, 0, 12, 0, 1, 0, 0, 0, 60, 0, byte(len(data))) // the question's name, PTR, IN, 60 s
		answer = append(answer, data...)
	}
	return answer
}

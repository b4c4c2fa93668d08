package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// scripted is a connection on which Redis has said all that it will, in pieces.
type scripted struct {
	net.Conn
	said []string
}

func (s *scripted) Write(p []byte) (int, error) { return len(p), nil }

func (s *scripted) Read(p []byte) (int, error) {
	if len(s.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.said[0])
	if s.said[0] = s.said[0][n:]; s.said[0] == "" {
		s.said = s.said[1:]
	}
	return n, nil
}

// heard returns what is read of pieces after these commands were sent, and how it ended.
func heard(t testing.TB, sent, said []string) (string, error) {
	g := newGuarded(&scripted{said: said}, func(error) {}, func() {})
	for _, piece := range sent {
		if _, err := g.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(g)
	return string(text), err
}

// resp is a command as it is sent.
func resp(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	return b.String()
}

// TestNonsenseEndsTheConnection: what comes before is passed on, and no byte by which the
// library would end the process.
func TestNonsenseEndsTheConnection(t *testing.T) {
	get, script := resp("MGET", "EVAL"), resp("EVALSHA", "0123", "0")
	for _, test := range []struct {
		sent, said, want string // want: what may be passed on of it
		err              error
	}{
		{get, "$-5\r\n", "$", errFrame},
		{get, "$99999999999\r\n", "$", errFrame},
		{get, "$999999999999999999999999\r\n", "$", errFrame},
		{get, "$?\r\n", "$", errFrame},
		{get, "$\r\n", "$", errFrame},
		{get, "*-2\r\n", "*", errFrame},
		{get, "*99999999\r\n", "*", errFrame},
		{get, "%-1\r\n", "%", errFrame},
		{get, "%9999999\r\n", "%", errFrame},
		{get, "~99999999\r\n", "~", errFrame},
		{get, strings.Repeat("*1\r\n", maxDepth+1), strings.Repeat("*1\r\n", maxDepth) + "*", errFrame},
		{get, strings.Repeat("*400000\r\n", 3), "*400000\r\n*400000\r\n*", errFrame},
		{get, "*1\r\n$-5\r\n", "*1\r\n$", errFrame},
		{get, "*2\r\n:1\r\nHTTP", "*2\r\n:1\r\n", errFrame},
		{get, ">2\r\n$7\r\nmessage\r\n$1\r\nx\r\n", "", errFrame},
		{get, "|1\r\n", "", errFrame},
		{get, "$3\r\nabcdef\r\n", "$3\r\nabc", errFrame},
		{get, "_ab$99999999999\r\n", "_", errFrame},
		{get, "#ab$99999999999\r\n", "#", errFrame},
		{get, "+" + strings.Repeat("x", maxLine+1), "+" + strings.Repeat("x", maxLine), errFrame},
		{get, "-MOVED\r\n", "-MOVED\r", errFrame},
		{get, "-MOVED 1\r\n", "-MOVED 1\r", errFrame},
		{get, "-ASK\r\n", "-ASK\r", errFrame},
		{get, "!5\r\nMOVED\r\n", "", errFrame},
		{get, "-MOVED 1 h:1\r\n", "-MOVED 1 h:1\r\n", nil},
		{"", "+OK\r\n", "", errUnasked},
		{get, "$1\r\nx\r\n+OK\r\n", "$1\r\nx\r\n", errUnasked},
		{get + script, "+OK\r\n$1\r\nx\r\n*1\r\n:0\r\n", "+OK\r\n", errShape},
		{script, "_\r\n", "", errShape},
		{resp("GET", "x"), "*0\r\n", "", errShape},
		{resp("SET", "x", "y") + script, "*1\r\n:1\r\n+OK\r\n", "", errShape},
		{get, "$-1\r\n", "$-1\r\n", nil},
		{get + get + script, "_\r\n*-1\r\n-NOSCRIPT\r\n", "_\r\n*-1\r\n-NOSCRIPT\r\n", nil},
	} {
		for _, cut := range []func(string) []string{whole, bytewise} {
			got, err := heard(t, cut(test.sent), cut(test.said))
			if !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("%.30q: %v, expected %v", test.said, err, test.err)
			}
			lines := strings.Count(got, "\n") // cut, a bad line is passed on but for its end: nobody reads it
			if len(cut(test.said)) == 1 && !strings.HasPrefix(test.want, got) || lines > strings.Count(test.want, "\n") || err == nil && got != test.want {
				t.Errorf("%.30q: passed on %.30q, expected no more than %.30q", test.said, got, test.want)
			}
		}
	}
}

func whole(text string) []string { return []string{text} }

func bytewise(text string) (pieces []string) { return strings.Split(text, "") }

// TestRepliesPassTheGuard: whatever commands are sent, and however both ways are cut, each reply
// is passed on as it is, and a further one is not.
func TestRepliesPassTheGuard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sent, said strings.Builder
		for range rapid.IntRange(0, 20).Draw(t, "commands") {
			name := rapid.SampledFrom([]string{"MGET", "EVALSHA", "EVAL", "INFO"}).Draw(t, "name")
			sent.WriteString(resp(append([]string{name}, rapid.SliceOfN(rapid.StringN(0, 9, 40), 0, 4).Draw(t, "words")...)...))
			if strings.HasPrefix(name, "EVAL") {
				said.WriteString(arrayOf(t, 0))
			} else {
				said.WriteString(anyReply(t, 0))
			}
		}
		got, err := heard(nil, cutUp(t, sent.String()), cutUp(t, said.String()))
		if err != nil || got != said.String() {
			t.Fatalf("%q was read as %q: %v", said.String(), got, err)
		}
		got, err = heard(nil, cutUp(t, sent.String()), cutUp(t, said.String()+":1\r\n"))
		if !errors.Is(err, errUnasked) || got != said.String() {
			t.Fatalf("%q and one more was read as %q: %v", said.String(), got, err)
		}
	})
}

func cutUp(t *rapid.T, text string) (pieces []string) {
	for len(text) > 0 {
		n := rapid.IntRange(1, len(text)).Draw(t, "piece")
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	return pieces
}

func anyReply(t *rapid.T, depth int) string {
	text := rapid.StringN(0, 9, 40).Draw(t, "text")
	blob := fmt.Sprintf("%d\r\n%s\r\n", len(text), text)
	line := strings.NewReplacer("\n", "", "\r", "").Replace(text) + "\r\n"
	kinds := []string{
		"$" + blob, "=" + blob, "+" + line, "-" + line, ":-12\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(123\r\n", "$-1\r\n", "*-1\r\n",
	}
	if n := rapid.IntRange(0, len(kinds)).Draw(t, "kind"); n < len(kinds) || depth == 3 {
		return kinds[n%len(kinds)]
	}
	return arrayOf(t, depth)
}

func arrayOf(t *rapid.T, depth int) string {
	n := rapid.IntRange(0, 3).Draw(t, "items")
	kind := rapid.SampledFrom([]string{"*", "~", "%"}).Draw(t, "array")
	if depth == 0 {
		kind = "*"
	}
	text := fmt.Sprintf("%s%d\r\n", kind, n)
	if kind == "%" {
		n *= 2
	}
	for range n {
		text += anyReply(t, depth+1)
	}
	return text
}

// BenchmarkGuard is what the guard costs a plain announce: 26 words there, six values of 450
// bytes each back.
func BenchmarkGuard(b *testing.B) {
	words := []string{"EVALSHA", strings.Repeat("a", 40), "9"}
	for range 9 {
		words = append(words, strings.Repeat("k", 60))
	}
	for range 14 {
		words = append(words, "argument")
	}
	command := []byte(resp(words...))
	value := fmt.Sprintf("$450\r\n%s\r\n", strings.Repeat("v", 450))
	answer := "*7\r\n:1\r\n" + strings.Repeat(value, 6)
	buffer := make([]byte, len(answer))
	g := newGuarded(&repeating{answer: answer}, func(error) {}, func() {})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Write(command); err != nil {
			b.Fatal(err)
		}
		if _, err := g.Read(buffer); err != nil {
			b.Fatal(err)
		}
	}
}

type repeating struct {
	net.Conn
	answer string
}

func (*repeating) Write(p []byte) (int, error) { return len(p), nil }

func (r *repeating) Read(p []byte) (int, error) { return copy(p, r.answer), nil }

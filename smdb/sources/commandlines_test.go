package sources

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// However the bytes come, the lines are those of the whole, each cut at max.
func FuzzLineWriter(f *testing.F) {
	f.Add("a\nb\n", byte(10), byte(1))
	f.Add("\n\nlonger than ten bytes\nx", byte(10), byte(7))
	f.Add("ten bytes!\neleven bytes\n\n", byte(10), byte(100))
	f.Fuzz(func(t *testing.T, text string, limit, chunk byte) {
		limit, chunk = max(limit, 1), max(chunk, 1)
		var got []line
		w := lineWriter{max: int(limit), each: func(l line) error {
			got = append(got, l)
			return nil
		}}
		for data := range slices.Chunk([]byte(text), int(chunk)) {
			if n, err := w.Write(data); n != len(data) || err != nil {
				t.Fatal(n, err)
			}
		}
		w.flush()
		want := strings.Split(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if len(got) != len(want) {
			t.Fatalf("%+v, want %q", got, want)
		}
		for i, l := range got {
			if l.text != want[i][:min(len(want[i]), int(limit))] || l.cut != (len(want[i]) > int(limit)) {
				t.Fatalf("%+v, want %q", l, want[i])
			}
		}
	})
}

// A line too long is handed on before its end comes, if it ever does, and what
// comes along with a line is noted.
func TestLineWriter(t *testing.T) {
	var got []line
	stop := errors.New("stop")
	w := lineWriter{max: 3, each: func(l line) error {
		got = append(got, l)
		if l.text == "end" {
			return stop
		}
		return nil
	}}
	for _, data := range []string{"a\n", "b\nc\n", "d\ne", "\n", "wxyz", "zz", "zz\nf\n"} {
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	want := []line{{text: "a"}, {text: "b", more: true}, {text: "c"}, {text: "d", more: true}, {text: "e"}, {text: "wxy", cut: true}, {text: "f"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := w.Write([]byte("end\nx\n")); !errors.Is(err, stop) || got[len(got)-1].text != "end" {
		t.Error(err, got)
	}
}

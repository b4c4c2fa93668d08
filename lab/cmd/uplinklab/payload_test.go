package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A piece counts once it is there as a whole, in whatever order they come, and under the name
// that transmission gives to what it has not finished.
func TestFetched(t *testing.T) {
	const piece = 1 << pieceExponent
	p, err := newPayload(t.Context(), t.TempDir(), 2*piece+5, trackerURL)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), payloadName)
	f := p.fetchedTo(path)
	expect := func(path string, content []byte, pieces int) {
		t.Helper()
		if content != nil {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		f.poll()
		if f.pieces != pieces || f.complete() != (pieces == 3) {
			t.Errorf("%d pieces instead of %d", f.pieces, pieces)
		}
	}
	expect("", nil, 0)
	expect(path+".part", bytes.Repeat([]byte{1}, piece/2), 0)
	second := slices.Concat(make([]byte, piece), p.content[piece:2*piece-1])
	expect(path+".part", second, 0)
	expect(path+".part", append(second, p.content[2*piece-1]), 1)
	gap := slices.Clone(p.content[:piece])
	gap[7777] ^= 1
	expect(path, slices.Concat(gap, p.content[piece:]), 2)
	if err := p.verify(path); err == nil {
		t.Error("a wrong byte was not noticed")
	}
	expect(path, p.content, 3)
	if err := p.verify(path); err != nil {
		t.Error(err)
	}
	if f.share() != 1 {
		t.Error(f.share())
	}
}

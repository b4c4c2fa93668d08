package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// pieceLength is an exponent of two, as mktorrent takes it: 64 KiB.
const pieceLength = 16

// payload is what a swarm shares.
type payload struct {
	name    string
	content []byte
	torrent []byte // the file that mktorrent made
}

// newPayload makes random bytes, and a private torrent of them with this tracker. The
// last piece is a short one.
func newPayload(t testing.TB, name string, size int, tracker string) payload {
	t.Helper()
	dir := t.TempDir()
	p := payload{name: name, content: make([]byte, size)}
	rand.Read(p.content)
	file, torrent := filepath.Join(dir, name), filepath.Join(dir, name+".torrent")
	write(t, file, p.content)
	out, err := exec.Command("mktorrent", "-p", "-l", strconv.Itoa(pieceLength),
		"-a", tracker, "-o", torrent, file).CombinedOutput()
	if err != nil {
		t.Fatalf("mktorrent: %v\n%s", err, out)
	}
	if p.torrent, err = os.ReadFile(torrent); err != nil {
		t.Fatal(err)
	}
	return p
}

// compare says what is wrong with a fetched file.
func (p payload) compare(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if got, want := sha256.Sum256(content), sha256.Sum256(p.content); got != want {
		return fmt.Errorf("%s has SHA-256 %x instead of %x", path, got, want)
	}
	return nil
}

// pieces counts those that are in a file, and those there are in all.
func (p payload) pieces(path string) (have, all int) {
	content, _ := os.ReadFile(path) // none: it has not been made yet
	for piece := range slices.Chunk(p.content, 1<<pieceLength) {
		if bytes.HasPrefix(content, piece) {
			have++
		}
		content = content[min(len(piece), len(content)):]
		all++
	}
	return have, all
}

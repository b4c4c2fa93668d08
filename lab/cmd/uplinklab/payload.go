package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/p2ptracker/p2ptracker/tracker/metainfo"
)

const (
	payloadName = "payload"
	// pieceExponent is mktorrent's -l: pieces of 256 KiB.
	pieceExponent = 18
	sampled       = 16 // bytes
)

// payload is what is pushed: random bytes, and a private torrent of them.
type payload struct {
	content []byte
	torrent []byte // the file that mktorrent made
	hash    [sha1.Size]byte
}

func newPayload(ctx context.Context, dir string, size int, announce string) (*payload, error) {
	p := &payload{content: make([]byte, size)}
	_, _ = rand.Read(p.content)
	file := filepath.Join(dir, payloadName)
	if err := os.WriteFile(file, p.content, 0o600); err != nil {
		return nil, err
	}
	torrent := file + ".torrent"
	out, err := exec.CommandContext(ctx, "mktorrent", "-p", "-l", fmt.Sprint(pieceExponent), "-a", announce, "-o", torrent, file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mktorrent: %w\n%s", err, out)
	}
	if p.torrent, err = os.ReadFile(torrent); err != nil {
		return nil, err
	}
	parsed, err := metainfo.Parse(p.torrent, payloadName)
	p.hash = parsed.InfoHash
	return p, err
}

// verify compares the SHA-256 of a file with the payload's.
func (p *payload) verify(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got, want := hash.Sum(nil), sha256.Sum256(p.content); !bytes.Equal(got, want[:]) {
		return fmt.Errorf("%s has SHA-256 %x instead of %x", path, got, want)
	}
	return nil
}

// fetched is how much of the payload is in a host's file. It is looked at often, so that it
// reads a piece only once that seems to be there.
type fetched struct {
	*payload
	path   string
	have   []bool // by piece
	pieces int    // of them that are there
}

func (p *payload) fetchedTo(path string) *fetched {
	const length = 1 << pieceExponent
	return &fetched{payload: p, path: path, have: make([]bool, (len(p.content)+length-1)/length)}
}

func (f *fetched) share() float64 { return float64(f.pieces) / float64(len(f.have)) }
func (f *fetched) complete() bool { return f.pieces == len(f.have) }

// poll reads what has come since. A file that is not there has nothing.
func (f *fetched) poll() {
	file, err := os.Open(f.path)
	if err != nil {
		if file, err = os.Open(f.path + ".part"); err != nil { // transmission, until it has everything
			return
		}
	}
	defer file.Close()
	for n := range f.have {
		if !f.have[n] && f.holds(file, n) {
			f.have[n] = true
			f.pieces++
		}
	}
}

func (f *fetched) holds(file io.ReaderAt, n int) bool {
	start := n << pieceExponent
	want := f.content[start:min(start+1<<pieceExponent, len(f.content))]
	tail := max(0, len(want)-sampled)
	return same(file, start+tail, want[tail:]) && same(file, start, want)
}

// same says whether a file has these bytes at an offset.
func same(file io.ReaderAt, offset int, want []byte) bool {
	got := make([]byte, len(want))
	n, _ := file.ReadAt(got, int64(offset))
	return n == len(want) && bytes.Equal(got, want)
}

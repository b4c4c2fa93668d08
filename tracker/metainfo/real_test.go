package metainfo

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run calls a program and returns what it prints.
func run(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return strings.TrimSpace(string(out))
}

// payload writes files of the given sizes and returns their directory.
func payload(t *testing.T, sizes map[string]int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "build-42")
	for name, size := range sizes {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Repeat([]byte(name), size)[:size], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var sizes = map[string]int{"bin/app": 300_000, "lib/é.so": 70_001, "empty": 0}

const total = 370_001

// TestMktorrent reads what mktorrent writes. It puts info last, or before
// url-list, so the bytes to hash are found by cutting the file at known words.
func TestMktorrent(t *testing.T) {
	dir := payload(t, sizes)
	for name, test := range map[string]struct {
		path   string
		args   []string
		after  string
		length uint64
	}{
		"directory": {dir, []string{"-p"}, "e", total},
		"one file":  {filepath.Join(dir, "bin/app"), []string{"-l", "15", "-s", "pipeline", "-c", "a comment"}, "e", 300_000},
		"web seed":  {dir, []string{"-w", "http://127.0.0.1/x"}, "8:url-list18:http://127.0.0.1/xe", total},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "x.torrent")
			args := append(test.args, "-a", "http://127.0.0.1:6969/announce", "-o", out, test.path)
			run(t, "", "mktorrent", args...)
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := bytes.Cut(data, []byte("4:info"))
			info, found := bytes.CutSuffix(rest, []byte(test.after))
			if !found {
				t.Fatalf("the torrent does not end in %q", test.after)
			}
			got, err := Parse(data, "x")
			if err != nil {
				t.Fatal(err)
			}
			if got.InfoHash != sha1.Sum(info) || got.Length != test.length {
				t.Errorf("hash %s, length %d", got.InfoHash, got.Length)
			}
		})
	}
}

// makeTorrent has libtorrent write a torrent, read it again and print its
// hashes: a v1 one, and a v2 one, zeros where there is none.
const makeTorrent = `
import sys, libtorrent as lt
kind, path, out = sys.argv[1:]
parent = path.rsplit("/", 1)[0]
files = lt.file_storage()
lt.add_files(files, path)
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[kind]
torrent = lt.create_torrent(files, 32768, flags)
lt.set_piece_hashes(torrent, parent)
open(out, "wb").write(lt.bencode(torrent.generate()))
hashes = lt.torrent_info(out).info_hashes()
print(hashes.v1, hashes.v2)
`

// TestLibtorrent compares hashes with libtorrent's. The python is Debian's,
// for that one has python3-libtorrent.
func TestLibtorrent(t *testing.T) {
	dir := payload(t, sizes)
	for _, kind := range []string{"v1", "v2", "hybrid"} {
		t.Run(kind, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "x.torrent")
			hashes := strings.Fields(run(t, makeTorrent, "/usr/bin/python3", "-", kind, dir, out))
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(data, "x")
			if err != nil {
				t.Fatal(err)
			}
			want := hashes[0]
			if kind == "v2" {
				want = hashes[1][:40]
			}
			if hex.EncodeToString(got.InfoHash[:]) != want {
				t.Errorf("hash %s, libtorrent says %v", got.InfoHash, hashes)
			}
			if got.Length < total || kind == "v2" && got.Length != total {
				t.Errorf("length %d, want %d and no less for padding", got.Length, total)
			}
		})
	}
}

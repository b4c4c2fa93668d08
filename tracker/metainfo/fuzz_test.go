package metainfo

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/zeebo/bencode"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// FuzzParse holds Parse against a decoder that knows nothing of torrents: what
// is accepted is encoded by it to the same bytes, and so is its info, whose
// hash is the torrent's.
func FuzzParse(f *testing.F) {
	for _, info := range []dict{single, multiple, second, hybrid, {}, with(single, "length", nil)} {
		text, err := bencode.EncodeString(dict{"announce": "x", "info": info})
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
		f.Add([]byte(text[:len(text)-1] + "1:zi01ee"))
		f.Add([]byte(text[:len(text)-1] + "1:zi-9223372036854775808ee"))
		f.Add([]byte(text[:len(text)-1] + "1:zd0:le1:adeee"))
		f.Add([]byte(strings.Replace(text, "4:name", "4:namf", 1)))
		f.Add([]byte(strings.Replace(text, "i40000e", "i99999999999999999999e", 1)))
	}
	f.Add([]byte("d4:infod6:lengthi1e6:lengthi1eee"))
	f.Add([]byte("d4:infod6:lengthi1e4:name1:xee"))
	f.Add([]byte("d4:info" + strings.Repeat("l", 5000)))
	f.Add([]byte("d4:info" + strings.Repeat("d1:a", 5000)))
	f.Add([]byte("d4:info2147483647:"))
	f.Fuzz(func(t *testing.T, data []byte) {
		torrent, err := Parse(data, "fuzz")
		if err != nil {
			var fault tracker.ClientError
			if !errors.As(err, &fault) {
				t.Fatalf("not a ClientError: %v", err)
			}
			return
		}
		holds(t, torrent, data)
	})
}

func holds(t *testing.T, torrent tracker.Torrent, data []byte) {
	var whole map[string]any
	if err := bencode.DecodeBytes(data, &whole); err != nil {
		t.Fatal(err)
	}
	again, err := bencode.EncodeBytes(whole)
	if err != nil || !bytes.Equal(again, data) {
		t.Fatalf("encoded again: %q, error %v", again, err)
	}
	info, err := bencode.EncodeBytes(whole["info"])
	if err != nil {
		t.Fatal(err)
	}
	second := sha256.Sum256(info)
	if torrent.InfoHash != sha1.Sum(info) && torrent.InfoHash != tracker.InfoHash(second[:20]) {
		t.Fatalf("hash %s is not that of info %q", torrent.InfoHash, info)
	}
	if torrent.Length == 0 || torrent.Length > MaxLength || !bytes.Equal(torrent.File, data) {
		t.Fatalf("length %d", torrent.Length)
	}
}

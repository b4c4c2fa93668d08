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
// is accepted has an info that it encodes to the very bytes of the file, whose hash is
// the torrent's. All of it encoded again, with sorted keys, is the same torrent.
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
		f.Add([]byte(text + "\r\n"))
		f.Add([]byte(text + "\x00i1e"))
		f.Add([]byte(text[:len(text)-1] + "13:announce-listll1:xee8:url-list0:3:zzzd1:bi1e1:ai1e1:ai2eee\n"))
		f.Add([]byte(text[:len(text)-1] + text[1:]))
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
		for _, local := range []bool{false, true} {
			for _, warning := range torrent.Warnings(local) {
				if !strings.HasSuffix(warning, ".") || strings.Contains(warning, "%!") {
					t.Errorf("warning %q", warning)
				}
			}
		}
	})
}

func holds(t *testing.T, torrent Torrent, data []byte) {
	var whole map[string]any
	if err := bencode.NewDecoder(bytes.NewReader(data)).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	info, err := bencode.EncodeBytes(whole["info"])
	if err != nil || !bytes.Contains(data, append([]byte("4:info"), info...)) {
		t.Fatalf("info encoded again: %q, error %v", info, err)
	}
	sorted, err := bencode.EncodeBytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(sorted, "fuzz"); err != nil || again.InfoHash != torrent.InfoHash || again.Private != torrent.Private {
		t.Fatalf("sorted: %q, hash %s, error %v", sorted, again.InfoHash, err)
	}
	second := sha256.Sum256(info)
	if torrent.InfoHash != sha1.Sum(info) && torrent.InfoHash != tracker.InfoHash(second[:20]) {
		t.Fatalf("hash %s is not that of info %q", torrent.InfoHash, info)
	}
	if torrent.Length == 0 || torrent.Length > MaxLength || !bytes.Equal(torrent.File, data) {
		t.Fatalf("length %d", torrent.Length)
	}
}

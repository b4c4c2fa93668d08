package metainfo

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/zeebo/bencode"

	"github.com/p2ptracker/p2ptracker/tracker"
)

type dict = map[string]any

// encode writes a torrent whose info is given.
func encode(t *testing.T, info any) string {
	t.Helper()
	text, err := bencode.EncodeString(dict{"announce": "http://tracker/announce", "info": info})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// with returns a copy of d in which the pairs of keys and values are set; a nil
// value removes its key.
func with(d dict, pairs ...any) dict {
	changed := dict{}
	for key, value := range d {
		changed[key] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(changed, pairs[i].(string))
			continue
		}
		changed[pairs[i].(string)] = pairs[i+1]
	}
	return changed
}

func pieces(n int) string { return strings.Repeat("x", 20*n) }

func aFile(length any, path ...string) dict {
	return with(dict{"path": path}, "length", length)
}

// treeFile is a file of BEP 52, which stands under an empty key.
func treeFile(length any) dict {
	return dict{"": with(dict{"pieces root": strings.Repeat("r", 32)}, "length", length)}
}

var (
	single   = dict{"name": "payload", "piece length": 16384, "length": 40000, "pieces": pieces(3)}
	multiple = with(single, "length", nil, "files", []any{aFile(40000, "a", "b"), aFile(0, "c")})
	second   = dict{
		"name": "payload", "piece length": 16384, "meta version": 2,
		"file tree": dict{"a": dict{"b": treeFile(40000)}, "c": treeFile(2)},
	}
	hybrid = with(second, "length", 40000, "pieces", pieces(3))
)

func TestParse(t *testing.T) {
	huge := with(single, "piece length", 1<<52, "length", MaxLength, "pieces", pieces(2))
	for name, test := range map[string]struct {
		info   dict
		length uint64
		v2     bool
	}{
		"one file":            {info: single, length: 40000},
		"files":               {info: multiple, length: 40000},
		"exact pieces":        {info: with(single, "length", 3*16384), length: 3 * 16384},
		"one byte":            {info: with(single, "length", 1, "pieces", pieces(1)), length: 1},
		"largest":             {info: huge, length: MaxLength},
		"private":             {info: with(single, "private", 1, "source", "x"), length: 40000},
		"first meta version":  {info: with(single, "meta version", 1), length: 40000},
		"unknown keys":        {info: with(single, "zzz", []any{dict{}, []any{}, -3, ""}), length: 40000},
		"second meta version": {info: second, length: 40002, v2: true},
		"hybrid":              {info: hybrid, length: 40000},
	} {
		t.Run(name, func(t *testing.T) {
			data := encode(t, test.info)
			got, err := Parse([]byte(data), "deploy")
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != "deploy" || string(got.File) != data || got.Length != test.length {
				t.Errorf("got name %q, length %d, file %q", got.Name, got.Length, got.File)
			}
			// The info is the last key, so its bytes are what is left.
			_, rest, _ := strings.Cut(data, "4:info")
			info := []byte(strings.TrimSuffix(rest, "e"))
			want := tracker.InfoHash(sha1.Sum(info))
			if sum := sha256.Sum256(info); test.v2 {
				want = tracker.InfoHash(sum[:20])
			}
			if got.InfoHash != want {
				t.Errorf("hash %s, want %s", got.InfoHash, want)
			}
		})
	}
}

func TestNoTorrent(t *testing.T) {
	for name, test := range map[string]struct {
		info any
		want error
	}{
		"list":                      {[]any{}, errInfo},
		"string":                    {"x", errInfo},
		"empty":                     {dict{}, errName},
		"no name":                   {with(single, "name", nil), errName},
		"empty name":                {with(single, "name", ""), errName},
		"name goes up":              {with(single, "name", ".."), errPathName},
		"name with slash":           {with(single, "name", "a/b"), errPathName},
		"name is a number":          {with(single, "name", 1), errType},
		"no piece length":           {with(single, "piece length", nil), errPieceLength},
		"piece length zero":         {with(single, "piece length", 0), errPieceLength},
		"piece length negative":     {with(single, "piece length", -1), errPieceLength},
		"piece length is text":      {with(single, "piece length", "1"), errType},
		"no pieces":                 {with(single, "pieces", nil), errNoPieces},
		"pieces are a list":         {with(single, "pieces", []any{}), errType},
		"a part of a piece":         {with(single, "pieces", pieces(3)+"x"), errPieces},
		"too few pieces":            {with(single, "pieces", pieces(2)), errPieceCount},
		"too many pieces":           {with(single, "pieces", pieces(4)), errPieceCount},
		"length and files":          {with(single, "files", []any{}), errBoth},
		"neither length nor files":  {with(single, "length", nil), errNeither},
		"length is a list":          {with(single, "length", []any{}), errType},
		"length negative":           {with(single, "length", -1), errNegative},
		"length of 2^53":            {with(single, "length", int64(1)<<53), errTooLong},
		"empty payload":             {with(single, "length", 0, "pieces", ""), errNoPayload},
		"no files":                  {with(multiple, "files", []any{}), errNoPayload},
		"files are a dictionary":    {with(multiple, "files", dict{}), errType},
		"file is a number":          {with(multiple, "files", []any{1}), errType},
		"file without length":       {with(multiple, "files", []any{aFile(nil, "a")}), errFileLength},
		"file of negative length":   {with(multiple, "files", []any{aFile(40001, "a"), aFile(-1, "b")}), errNegative},
		"files overflow":            {with(multiple, "files", []any{aFile(1, "a"), aFile(math.MaxInt64, "b")}), errTooLong},
		"files sum to 2^53":         {with(multiple, "files", []any{aFile(MaxLength, "a"), aFile(1, "b")}), errTooLong},
		"file without path":         {with(multiple, "files", []any{dict{"length": 1}}), errPath},
		"empty path":                {with(multiple, "files", []any{dict{"length": 1, "path": []any{}}}), errPath},
		"empty name in path":        {with(multiple, "files", []any{aFile(1, "a", "")}), errPathName},
		"path goes up":              {with(multiple, "files", []any{aFile(1, "..", "a")}), errPathName},
		"path stays":                {with(multiple, "files", []any{aFile(1, ".", "a")}), errPathName},
		"slash in path":             {with(multiple, "files", []any{aFile(1, "/etc/passwd")}), errPathName},
		"zero byte in path":         {with(multiple, "files", []any{aFile(1, "a\x00b")}), errPathName},
		"number in path":            {with(multiple, "files", []any{dict{"length": 1, "path": []any{1}}}), errType},
		"unknown meta version":      {with(second, "meta version", 3), errMetaVersion},
		"negative meta version":     {with(second, "meta version", -2), errMetaVersion},
		"no file tree":              {with(second, "file tree", nil), errNoTree},
		"file tree is a list":       {with(second, "file tree", []any{}), errType},
		"file tree is empty":        {with(second, "file tree", dict{}), errNoPayload},
		"file tree holds a number":  {with(second, "file tree", dict{"a": 1}), errTree},
		"file is no dictionary":     {with(second, "file tree", dict{"a": dict{"": 1}}), errTree},
		"file tree is a file":       {with(second, "file tree", treeFile(1)), errPathName},
		"file and directory":        {with(second, "file tree", dict{"a": with(treeFile(1), "b", treeFile(1))}), errTreeFile},
		"file tree goes up":         {with(second, "file tree", dict{"..": treeFile(1)}), errPathName},
		"leaf without length":       {with(second, "file tree", dict{"a": treeFile(nil)}), errFileLength},
		"leaf of negative length":   {with(second, "file tree", dict{"a": treeFile(-1)}), errNegative},
		"leaf without root":         {with(second, "file tree", dict{"a": dict{"": dict{"length": 1}}}), errPiecesRoot},
		"leaves overflow":           {with(second, "file tree", dict{"a": treeFile(1), "b": treeFile(math.MaxInt64)}), errTooLong},
		"odd piece length":          {with(second, "piece length", 16385), errPieceLengthV2},
		"small piece length":        {with(second, "piece length", 8192), errPieceLengthV2},
		"hybrid with a bad tree":    {with(hybrid, "file tree", dict{"a": 1}), errTree},
		"hybrid with too few parts": {with(hybrid, "pieces", pieces(2)), errPieceCount},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, encode(t, test.info), test.want)
		})
	}
}

// refused asks that the torrent is refused with the very fault wanted.
func refused(t *testing.T, data string, want error) {
	t.Helper()
	_, err := Parse([]byte(data), "deploy")
	var fault tracker.ClientError
	if !errors.As(err, &fault) || !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// Package metainfo reads .torrent files (BEP 3, BEP 52): it finds the info hash
// and the payload's length, refuses whatever clients might read in two ways, and warns of
// what would spoil a push.
package metainfo

import (
	"bytes"
	"crypto/sha1" // BEP 3 names a torrent by its SHA-1
	"crypto/sha256"
	"io"
	"strings"

	"github.com/zeebo/bencode"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// MaxLength bounds the payload: Redis' scripts count bytes in doubles, which
// are exact below 2^53.
const MaxLength = 1<<53 - 1

// Faults of a torrent as a whole.
const (
	errType        = tracker.ClientError("torrent: a value in info has the wrong type")
	errMetaVersion = tracker.ClientError("torrent: meta version is not known")
	errNoPieces    = tracker.ClientError("torrent: pieces is missing")
	errTooLong     = tracker.ClientError("torrent: the payload is 2^53 bytes or more")
	errNoPayload   = tracker.ClientError("torrent: the payload is empty")
)

// info is what of a torrent's info matters to a tracker. A nil pointer is a key
// that is not there.
type info struct {
	Name        string         `bencode:"name"`
	PieceLength int64          `bencode:"piece length"`
	Pieces      *string        `bencode:"pieces"` // empty: only its length is kept, below
	Length      *int64         `bencode:"length"`
	Private     any            `bencode:"private"` // BEP 27: 1, an integer; clients take anything else for no
	Files       *[]file        `bencode:"files"`
	MetaVersion int64          `bencode:"meta version"` // 2: BEP 52
	FileTree    map[string]any `bencode:"file tree"`

	hashes int // bytes of pieces
}

// file is an entry of files (BEP 3).
type file struct {
	Length *int64   `bencode:"length"`
	Path   []string `bencode:"path"`
}

// Torrent is a .torrent file as it was read.
type Torrent struct {
	tracker.Torrent
	Private     bool     // BEP 27: clients ask its trackers only
	PieceLength int64    // bytes
	Announce    []string // URLs of the trackers that clients ask (BEP 3, BEP 12)
	WebSeeds    []string // URLs of servers that have the payload (BEP 17, BEP 19)
}

// Parse reads a .torrent file and calls it name. The info hash is the SHA-1 of
// the very bytes of info; a torrent of BEP 52 without SHA-1 pieces has the first
// 20 bytes of their SHA-256 instead. Padding files (BEP 47) count as payload,
// as they do for clients that do not know them. The torrent keeps data, and the
// errors are tracker.ClientErrors.
func Parse(data []byte, name string) (Torrent, error) {
	s, err := scan(data)
	if err != nil {
		return Torrent{}, err
	}
	in, err := s.readInfo()
	if err != nil {
		return Torrent{}, err
	}
	length, err := in.check()
	if err != nil {
		return Torrent{}, err
	}
	return Torrent{
		Torrent: tracker.Torrent{
			Name:     name,
			InfoHash: in.hash(s.of(s.info)),
			Length:   uint64(length),
			File:     data,
		},
		Private:     in.Private == int64(1),
		PieceLength: in.PieceLength,
		Announce:    s.announce(),
		WebSeeds:    append(s.texts("url-list"), s.texts("httpseeds")...),
	}, nil
}

// readInfo decodes info. It leaves out the hashes of the pieces, which are nearly all of a large
// torrent, and of which their number counts only.
func (s *scanner) readInfo() (in info, err error) {
	reader := io.Reader(bytes.NewReader(s.of(s.info)))
	if s.pieces != (span{}) {
		before, after := span{s.info.start, s.pieces.start}, span{s.pieces.end, s.info.end}
		reader = io.MultiReader(bytes.NewReader(s.of(before)), strings.NewReader("0:"), bytes.NewReader(s.of(after)))
		_, hashes, _ := bytes.Cut(s.of(s.pieces), []byte(":"))
		in.hashes = len(hashes)
	}
	if err := bencode.NewDecoder(reader).Decode(&in); err != nil {
		return in, errType
	}
	return in, nil
}

func (s *scanner) of(at span) []byte { return s.data[at.start:at.end] }

// announce returns the trackers' URLs: those of announce-list, before which clients do not
// look at announce.
func (s *scanner) announce() []string {
	if list := s.texts("announce-list"); len(list) > 0 {
		return list
	}
	return s.texts("announce")
}

// texts returns the strings in the value of an outer key, but for those that are empty.
func (s *scanner) texts(key string) []string {
	var value any
	if at, there := s.outer[key]; !there || bencode.DecodeBytes(s.of(at), &value) != nil {
		return nil
	}
	return appendTexts(nil, value)
}

func appendTexts(texts []string, value any) []string {
	switch value := value.(type) {
	case string:
		if value = strings.TrimSpace(value); value != "" {
			texts = append(texts, value)
		}
	case []any:
		for _, element := range value {
			texts = appendTexts(texts, element)
		}
	}
	return texts
}

// hash names the torrent by the bytes of its info.
func (in *info) hash(span []byte) tracker.InfoHash {
	if in.v1() {
		return sha1.Sum(span)
	}
	sum := sha256.Sum256(span)
	return tracker.InfoHash(sum[:len(tracker.InfoHash{})])
}

// v1 says whether clients of BEP 3 can read the torrent: it is one of theirs,
// or a hybrid of BEP 52.
func (in *info) v1() bool { return in.MetaVersion < 2 || in.Pieces != nil }

// check returns the bytes of the payload.
func (in *info) check() (int64, error) {
	if err := checkName(in.Name); err != nil {
		return 0, err
	}
	if in.MetaVersion < 0 || in.MetaVersion > 2 {
		return 0, errMetaVersion
	}
	if in.MetaVersion == 2 {
		length, err := in.checkTree()
		if err != nil || in.Pieces == nil {
			return length, err
		}
	}
	return in.checkPieces()
}

// addLength adds a file's length to the payload's.
func addLength(total, length int64) (int64, error) {
	switch {
	case length < 0:
		return 0, errNegative
	case length > MaxLength-total:
		return 0, errTooLong
	}
	return total + length, nil
}

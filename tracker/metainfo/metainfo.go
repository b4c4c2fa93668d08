// Package metainfo reads .torrent files (BEP 3, BEP 52): it finds the info hash
// and the payload's length, and refuses whatever clients might read in two ways.
package metainfo

import (
	"crypto/sha1" // BEP 3 names a torrent by its SHA-1
	"crypto/sha256"

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
	Pieces      *string        `bencode:"pieces"`
	Length      *int64         `bencode:"length"`
	Files       *[]file        `bencode:"files"`
	MetaVersion int64          `bencode:"meta version"` // 2: BEP 52
	FileTree    map[string]any `bencode:"file tree"`
}

// file is an entry of files (BEP 3).
type file struct {
	Length *int64   `bencode:"length"`
	Path   []string `bencode:"path"`
}

// Parse reads a .torrent file and calls it name. The info hash is the SHA-1 of
// the very bytes of info; a torrent of BEP 52 without SHA-1 pieces has the first
// 20 bytes of their SHA-256 instead. Padding files (BEP 47) count as payload,
// as they do for clients that do not know them. The torrent keeps data, and the
// errors are tracker.ClientErrors.
func Parse(data []byte, name string) (tracker.Torrent, error) {
	span, err := infoSpan(data)
	if err != nil {
		return tracker.Torrent{}, err
	}
	var in info
	if err := bencode.DecodeBytes(span, &in); err != nil {
		return tracker.Torrent{}, errType
	}
	length, err := in.check()
	if err != nil {
		return tracker.Torrent{}, err
	}
	return tracker.Torrent{
		Name:     name,
		InfoHash: in.hash(span),
		Length:   uint64(length),
		File:     data,
	}, nil
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

package metainfo

import (
	"crypto/sha1" // BEP 3 hashes pieces with SHA-1
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Faults of a torrent of BEP 3.
const (
	errName        = tracker.ClientError("torrent: name is missing or empty")
	errPath        = tracker.ClientError("torrent: a file's path is missing or empty")
	errPathName    = tracker.ClientError(`torrent: a name in a path is empty, "." or "..", or holds a slash or a zero byte`)
	errPieceLength = tracker.ClientError("torrent: piece length is missing, zero or negative")
	errPieces      = tracker.ClientError("torrent: pieces is no multiple of 20 bytes")
	errPieceCount  = tracker.ClientError("torrent: the number of pieces does not fit the length")
	errBoth        = tracker.ClientError("torrent: both length and files are given")
	errNeither     = tracker.ClientError("torrent: neither length nor files is given")
	errFileLength  = tracker.ClientError("torrent: a file's length is missing")
	errNegative    = tracker.ClientError("torrent: a length is negative")
)

// checkPieces returns the bytes of a payload that is hashed in pieces (BEP 3).
// An empty one is refused: nothing could tell its seeders from its leechers.
func (in *info) checkPieces() (int64, error) {
	length, err := in.payload()
	switch {
	case err != nil:
		return 0, err
	case length == 0:
		return 0, errNoPayload
	case in.PieceLength <= 0:
		return 0, errPieceLength
	case in.Pieces == nil:
		return 0, errNoPieces
	case in.hashes%sha1.Size != 0:
		return 0, errPieces
	case int64(in.hashes/sha1.Size) != (length-1)/in.PieceLength+1:
		return 0, errPieceCount
	}
	return length, nil
}

// payload sums the bytes of the one file, or of all of them.
func (in *info) payload() (total int64, err error) {
	switch {
	case in.Length != nil && in.Files != nil:
		return 0, errBoth
	case in.Length != nil:
		return addLength(0, *in.Length)
	case in.Files == nil:
		return 0, errNeither
	}
	for _, f := range *in.Files {
		if f.Length == nil {
			return 0, errFileLength
		}
		if total, err = addLength(total, *f.Length); err != nil {
			return 0, err
		}
		if err := checkPath(f.Path); err != nil {
			return 0, err
		}
	}
	return total, nil
}

func checkPath(path []string) error {
	if len(path) == 0 {
		return errPath
	}
	for _, name := range path {
		if !plain(name) {
			return errPathName
		}
	}
	return nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return errName
	case !plain(name):
		return errPathName
	}
	return nil
}

// plain says whether a file may have this name: a client that joins names to a
// path must not be led out of its directory.
func plain(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}

package metainfo

import (
	"crypto/sha256"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// minPieceLength is the smallest piece length of BEP 52.
const minPieceLength = 16 << 10

// Faults of a torrent of BEP 52.
const (
	errNoTree        = tracker.ClientError("torrent: file tree is missing")
	errTree          = tracker.ClientError("torrent: file tree is not made of dictionaries")
	errTreeFile      = tracker.ClientError("torrent: a file in file tree is a directory as well")
	errPiecesRoot    = tracker.ClientError("torrent: a file in file tree has no pieces root of 32 bytes")
	errPieceLengthV2 = tracker.ClientError("torrent: piece length is no power of two from 16384 on")
)

// checkTree returns the bytes of a payload that is described by a file tree.
func (in *info) checkTree() (int64, error) {
	if in.PieceLength < minPieceLength || in.PieceLength&(in.PieceLength-1) != 0 {
		return 0, errPieceLengthV2
	}
	if in.FileTree == nil {
		return 0, errNoTree
	}
	total, err := addTree(0, in.FileTree)
	if err == nil && total == 0 {
		err = errNoPayload
	}
	return total, err
}

// addTree adds up the files of a directory: each key is a name, each value a
// directory or a file. It goes no deeper than infoSpan let the torrent be.
func addTree(total int64, directory map[string]any) (_ int64, err error) {
	for name, value := range directory {
		entry, ok := value.(map[string]any)
		if !ok {
			return 0, errTree
		}
		if !plain(name) {
			return 0, errPathName
		}
		if properties, isFile := entry[""]; isFile {
			if len(entry) != 1 {
				return 0, errTreeFile
			}
			total, err = addFile(total, properties)
		} else {
			total, err = addTree(total, entry)
		}
		if err != nil {
			return 0, err
		}
	}
	return total, nil
}

// addFile adds a file, which a file tree describes under an empty key.
func addFile(total int64, properties any) (int64, error) {
	dict, ok := properties.(map[string]any)
	if !ok {
		return 0, errTree
	}
	length, ok := dict["length"].(int64)
	if !ok {
		return 0, errFileLength
	}
	root, ok := dict["pieces root"].(string)
	if length > 0 && (!ok || len(root) != sha256.Size) {
		return 0, errPiecesRoot
	}
	return addLength(total, length)
}

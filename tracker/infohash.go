package tracker

import (
	"encoding/hex"
	"log/slog"
	"strings"
)

// InfoHash names a transfer: the 20 bytes a client announces (BEP 3). For a
// version 2 torrent they are the first 20 bytes of its SHA-256 (BEP 52).
type InfoHash [20]byte

// String is the form that Redis keys and REST replies carry: 40 upper-case
// hexadecimal digits.
func (h InfoHash) String() string {
	return strings.ToUpper(hex.EncodeToString(h[:]))
}

// LogValue lets logs show it as String does.
func (h InfoHash) LogValue() slog.Value { return slog.StringValue(h.String()) }

// ParseInfoHash reads 40 hexadecimal digits in either case.
func ParseInfoHash(digits string) (InfoHash, error) {
	var h InfoHash
	if len(digits) != 2*len(h) {
		return h, ClientError("an info hash has 40 hexadecimal digits")
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return InfoHash{}, ClientError("an info hash has 40 hexadecimal digits")
	}
	return h, nil
}

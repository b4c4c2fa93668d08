package metainfo

import (
	"fmt"
	"math/bits"
	"net/netip"
	"net/url"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of the pieces of a torrent that clients push fast.
const (
	maxPieces      = 5_000
	advisedPieces  = 2_500    // at most, with the piece length that a warning names
	minAdvised     = 32 << 10 // the shortest pieces that mktorrent makes
	maxPieceLength = 64 << 20
)

const (
	notPrivate   = "The torrent is not private, so clients also take peers from PEX and DHT, past the racks' bounds: make it again with mktorrent -p."
	noAnnounce   = "The torrent has no announce URL, so clients will not ask this tracker: make it again with mktorrent -a http://TRACKER:PORT/announce."
	notOurs      = "No announce URL of the torrent leads hosts to this tracker: make it again with mktorrent -a http://TRACKER:PORT/announce, and a TRACKER that hosts can reach."
	hasWebSeeds  = "The torrent has web seeds, from which every host may fetch over its rack's uplink: make it again without mktorrent -w."
	pieceCount   = "The torrent has %d pieces, and more than %d slow clients down: "
	pieceLength  = "The torrent's pieces are longer than 64 MiB, and a host passes none on before it has all of it: "
	advice       = "make it again with pieces of %s (mktorrent -l %d)."
	splitPayload = "split the payload into several torrents."
)

// Warnings says what of the torrent would spoil a push, and what to do about it: a sentence
// each. Local says that whoever asks sits on the tracker's own machine, where loopback leads to
// the tracker.
func (t Torrent) Warnings(local bool) []string {
	warnings := []string{}
	if !t.Private {
		warnings = append(warnings, notPrivate)
	}
	if len(t.Announce) == 0 {
		warnings = append(warnings, noAnnounce)
	} else if !anyOurs(t.Announce, local) {
		warnings = append(warnings, notOurs)
	}
	if len(t.WebSeeds) > 0 {
		warnings = append(warnings, hasWebSeeds)
	}
	if pieces := (int64(t.Length)-1)/t.PieceLength + 1; pieces > maxPieces {
		todo := splitPayload
		if t.PieceLength < maxPieceLength {
			todo = t.advise()
		}
		warnings = append(warnings, fmt.Sprintf(pieceCount, pieces, maxPieces)+todo)
	}
	if t.PieceLength > maxPieceLength {
		warnings = append(warnings, pieceLength+t.advise())
	}
	return warnings
}

// advise names the piece length that would be right: the smallest power of two that makes no
// more than advisedPieces, or else the longest.
func (t Torrent) advise() string {
	length := int64(minAdvised)
	for length < maxPieceLength && length*advisedPieces < int64(t.Length) {
		length *= 2
	}
	size := fmt.Sprintf("%d KiB", length>>10)
	if length >= 1<<20 {
		size = fmt.Sprintf("%d MiB", length>>20)
	}
	return fmt.Sprintf(advice, size, bits.Len64(uint64(length))-1)
}

func anyOurs(urls []string, local bool) bool {
	for _, text := range urls {
		if maybeOurs(text, local) {
			return true
		}
	}
	return false
}

// maybeOurs says whether an announce URL may lead to this tracker. Which names and addresses
// the tracker has behind proxies and in DNS cannot be known, so it says no only of what surely does
// not: a scheme that the tracker does not speak, a path that is not announce's, and, for hosts elsewhere,
// an address of their own machine.
func maybeOurs(text string, local bool) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return false
	}
	switch u.Scheme {
	case "udp": // has no path (BEP 15)
	case "http", "https":
		if !strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/announce") {
			return false
		}
	default:
		return false
	}
	return local || !ownMachine(u.Hostname())
}

// ownMachine says whether a URL's host leads whoever asks it to itself, or nowhere.
func ownMachine(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	ip, err := netip.ParseAddr(host)
	ip = tracker.PlainAddr(ip)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

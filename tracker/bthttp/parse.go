package bthttp

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The faults of a request. Each names the parameter and holds nothing of it.
const (
	errInfoHash   = tracker.ClientError("info_hash must be 20 bytes")
	errPeerID     = tracker.ClientError("peer_id must be 20 bytes")
	errPort       = tracker.ClientError("port must be 1 to 65535")
	errUploaded   = tracker.ClientError("uploaded must be a number of bytes")
	errDownloaded = tracker.ClientError("downloaded must be a number of bytes")
	errLeft       = tracker.ClientError("left must be a number of bytes, or -1")
	errNumWant    = tracker.ClientError("numwant must be a number")
	errKey        = tracker.ClientError("key must be 64 bytes or less")
	errManyHashes = tracker.ClientError("info_hash may be given 128 times at most")
)

// maxScrape bounds the info hashes of one scrape, and so its cost. Clients pack
// some 50 to 80 into one.
const maxScrape = 128

// value is one parameter of a query as it stands there, escaped.
type value struct {
	raw   string
	given bool
}

func (v value) text() string { return unescaped(v.raw) }

// announceQuery holds the parameters of an announce that mean something here
// (BEP 3, 7, 23 and what clients added). trackerid is none: we hand out none.
type announceQuery struct {
	infoHash, peerID, port, uploaded, downloaded, left value
	event, numWant, compact, noPeerID, key             value
	ip, ipv4, ipv6                                     value
}

// ParseAnnounce reads an announce from a raw query. Client is the address the
// request came from; trustIP says that it may name others with ip, ipv4 and
// ipv6. Errors are tracker.ClientError.
//
// Of a repeated parameter the first counts. A broken escape stands for itself,
// except in info_hash and peer_id, where it is an error: a wrong guess would
// name another transfer or host. An optional parameter may be empty, and is as if it
// were missing. Key may share rawQuery's memory.
func ParseAnnounce(rawQuery string, client netip.Addr, trustIP bool) (tracker.AnnounceRequest, error) {
	q := readAnnounceQuery(rawQuery)
	req := tracker.AnnounceRequest{
		Event:    tracker.ParseEvent(q.event.text()),
		Compact:  q.compact.text() != "0", // BEP 23 lets a tracker prefer compact
		NoPeerID: q.noPeerID.text() == "1",
	}
	if req.Key = q.key.text(); len(req.Key) > tracker.MaxKey {
		return tracker.AnnounceRequest{}, errKey
	}
	if !unescapeInto(req.InfoHash[:], q.infoHash.raw) {
		return tracker.AnnounceRequest{}, errInfoHash
	}
	if strings.IndexByte(q.infoHash.raw, '+') >= 0 {
		req.WithBlanks = withBlanks(q.infoHash.raw)
	}
	if !unescapeInto(req.PeerID[:], q.peerID.raw) {
		return tracker.AnnounceRequest{}, errPeerID
	}
	port, err := q.portNumber(req.Event)
	if err != nil {
		return tracker.AnnounceRequest{}, err
	}
	req.Addr, req.Also = q.addresses(client, port, trustIP)
	if err := q.amounts(&req); err != nil {
		return tracker.AnnounceRequest{}, err
	}
	return req, nil
}

// withBlanks is the other reading of a well-formed info_hash with pluses: a blank for each, as in
// a form.
func withBlanks(raw string) (hash tracker.InfoHash) {
	unescapeInto(hash[:], strings.ReplaceAll(raw, "+", " "))
	return hash
}

func readAnnounceQuery(rawQuery string) announceQuery {
	var q announceQuery
	for rest := rawQuery; rest != ""; {
		var key, raw string
		key, raw, rest = nextPair(rest)
		if v := q.parameter(unescaped(key)); v != nil && !v.given {
			*v = value{raw: raw, given: true}
		}
	}
	return q
}

func (q *announceQuery) parameter(key string) *value {
	switch key {
	case "info_hash":
		return &q.infoHash
	case "peer_id":
		return &q.peerID
	case "port":
		return &q.port
	case "uploaded":
		return &q.uploaded
	case "downloaded":
		return &q.downloaded
	case "left":
		return &q.left
	case "event":
		return &q.event
	case "numwant":
		return &q.numWant
	case "compact":
		return &q.compact
	case "no_peer_id":
		return &q.noPeerID
	case "key":
		return &q.key
	case "ip":
		return &q.ip
	case "ipv4":
		return &q.ipv4
	case "ipv6":
		return &q.ipv6
	}
	return nil
}

// portNumber reads port. A client that stops may no longer listen, and says 0.
func (q *announceQuery) portNumber(event tracker.Event) (uint16, error) {
	port, err := strconv.ParseUint(q.port.text(), 10, 16)
	if err != nil || port == 0 && event != tracker.EventStopped {
		return 0, errPort
	}
	return uint16(port), nil
}

// amounts reads the numbers of an announce into req.
func (q *announceQuery) amounts(req *tracker.AnnounceRequest) (err error) {
	if req.Uploaded, err = q.uploaded.bytes(errUploaded); err != nil {
		return err
	}
	if req.Downloaded, err = q.downloaded.bytes(errDownloaded); err != nil {
		return err
	}
	if req.Left, err = q.left.left(); err != nil {
		return err
	}
	req.NumWant, err = q.numWant.peers()
	return err
}

// bytes reads a number of bytes, 0 if there is none. Fault is for one that is negative.
func (v value) bytes(fault error) (uint64, error) {
	n, negative, ok := v.number()
	if negative || !ok {
		return 0, fault
	}
	return n, nil
}

// left reads left, which is not known if it is missing or negative.
func (v value) left() (uint64, error) {
	n, negative, ok := v.number()
	switch {
	case !ok:
		return 0, errLeft
	case v.raw == "", negative:
		return tracker.LeftUnknown, nil
	}
	return tracker.KnownLeft(n), nil
}

// peers reads numwant, whose sign means "as many as you like".
func (v value) peers() (int, error) {
	n, negative, ok := v.number()
	switch {
	case !ok:
		return 0, errNumWant
	case v.raw == "", negative:
		return tracker.NumWantDefault, nil
	}
	return int(min(n, math.MaxInt32)), nil
}

// number reads a whole number without its sign: 0 if there is none, and the largest if it does
// not fit. It is not ok if there is anything else than digits behind the sign, or nothing.
func (v value) number() (n uint64, negative, ok bool) {
	if v.raw == "" {
		return 0, false, true
	}
	n, err := strconv.ParseUint(v.raw, 10, 64)
	if err == nil { // nearly always; what follows costs 10 ns for each number
		return n, false, true
	}
	digits, negative := strings.CutPrefix(v.text(), "-")
	n, err = strconv.ParseUint(digits, 10, 64)
	ok = err == nil || errors.Is(err, strconv.ErrRange) && strings.Trim(digits, "0123456789") == ""
	return n, negative, ok
}

// ParseScrape reads the info hashes of a scrape from a raw query (BEP 48), each
// once, and those with pluses in both ways that clients write one; none for a scrape of
// everything. Errors are tracker.ClientError.
func ParseScrape(rawQuery string) ([]tracker.InfoHash, error) {
	var hashes []tracker.InfoHash
	given := 0
	for rest := rawQuery; rest != ""; {
		var key, raw string
		key, raw, rest = nextPair(rest)
		if unescaped(key) != "info_hash" {
			continue
		}
		if given++; given > maxScrape {
			return nil, errManyHashes
		}
		var hash tracker.InfoHash
		if !unescapeInto(hash[:], raw) {
			return nil, errInfoHash
		}
		for _, hash := range [...]tracker.InfoHash{hash, withBlanks(raw)} {
			if !slices.Contains(hashes, hash) {
				hashes = append(hashes, hash)
			}
		}
	}
	return hashes, nil
}

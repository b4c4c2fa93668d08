package btudp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Texts of errors that are not the tracker's.
const (
	textUnready  = "not yet" // no larger than a request for a connection id, with its head
	textUnproven = "connection id expired"
)

// request is a packet that the tracker has to answer.
type request struct {
	header
	client   netip.Addr
	announce tracker.AnnounceRequest
	hashes   []tracker.InfoHash // of a scrape
}

// receive reads a packet. It appends a reply to dst if there is one that needs no tracker; an
// empty one is none. Otherwise it returns a request, for answer. It keeps nothing of the packet.
func (s *Server) receive(dst, packet []byte, client netip.Addr, now time.Time) (reply []byte, _ *request) {
	h, ok := parseHeader(packet)
	switch {
	case !ok, h.action == actionConnect && h.connectionID != protocolID:
		s.metrics.count(foreign)
		return dst, nil
	case h.action == actionConnect:
		return s.connect(dst, h, client, now), nil
	case !isGood(h.connectionID, s.secrets, now, client):
		s.metrics.count(unproven)
		return appendShortError(dst, h.transactionID, textUnproven, len(packet)), nil
	}
	r := &request{header: h, client: client}
	var err error
	switch h.action {
	case actionAnnounce:
		r.announce, err = ParseAnnounce(packet, client)
	case actionScrape:
		r.hashes, err = ParseScrape(packet)
	default:
		err = errAction
	}
	if err != nil {
		return s.fail(dst, r, err), nil
	}
	return dst, r
}

func (s *Server) connect(dst []byte, h header, client netip.Addr, now time.Time) []byte {
	id, ok := makeID(s.secrets, now, client)
	if !ok {
		s.metrics.count(unready)
		return appendShortError(dst, h.transactionID, textUnready, headerSize)
	}
	s.metrics.count(connected)
	return AppendConnect(dst, h.transactionID, id)
}

// appendShortError appends an error, but nothing if it is larger than the packet that it answers:
// the sender may have forged the address, whose owner would drown in our replies.
func appendShortError(dst []byte, transactionID uint32, text string, size int) []byte {
	if errorHead+len(text) > size {
		return dst
	}
	return AppendError(dst, transactionID, text)
}

// answer asks the tracker, and appends its reply. A panic ends this request only, as
// net/http has it.
func (s *Server) answer(ctx context.Context, dst []byte, r *request) (reply []byte) {
	defer func() {
		if fault := recover(); fault != nil {
			reply = s.fail(dst, r, fmt.Errorf("panic: %v", fault))
		}
	}()
	if r.action == actionScrape {
		return s.scrape(ctx, dst, r)
	}
	return s.announce(ctx, dst, r)
}

func (s *Server) announce(ctx context.Context, dst []byte, r *request) []byte {
	resp, err := s.tracker.Announce(ctx, r.announce)
	switch {
	case errors.Is(err, tracker.ErrEnded): // an error would bring the client back: it has no field for when
		s.failure(r, err)
		return AppendAnnounce(dst, r.transactionID, r.client, tracker.EndedResponse())
	case err != nil:
		return s.fail(dst, r, err)
	}
	s.metrics.count(tracker.OutcomeAnnounced)
	return AppendAnnounce(dst, r.transactionID, r.client, resp)
}

func (s *Server) scrape(ctx context.Context, dst []byte, r *request) []byte {
	entries, err := s.tracker.Scrape(ctx, r.hashes)
	if err != nil {
		return s.fail(dst, r, err)
	}
	s.metrics.count(tracker.OutcomeScraped)
	return AppendScrape(dst, r.transactionID, r.hashes, entries)
}

// fail answers with an error.
func (s *Server) fail(dst []byte, r *request, err error) []byte {
	return AppendError(dst, r.transactionID, s.failure(r, err).Reason)
}

// failure counts and logs a request that failed.
func (s *Server) failure(r *request, err error) tracker.Failure {
	f := s.requests.Fail(err, slog.Uint64("action", uint64(r.action)), netip.AddrPortFrom(r.client, 0))
	s.metrics.count(f.Outcome)
	return f
}

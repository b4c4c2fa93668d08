package btudp

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Texts of errors that are not the tracker's.
const (
	textUnready  = "not yet" // no larger than a request for a connection id, with its head
	textUnproven = "connection id expired"
	textBusy     = "tracker is busy"
	textPanic    = "internal error"
)

// request is one that the tracker has to be asked about.
type request struct {
	header
	client   netip.Addr
	announce tracker.AnnounceRequest
	hashes   []tracker.InfoHash // of a scrape
}

// receive takes a packet apart. It appends the reply of what can be answered at once to
// dst; an empty one is none. Otherwise there is a request, for answer. Nothing of the
// packet is kept.
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

// appendShortError appends an error, but nothing if it were larger than what it answers:
// its sender may have put another's address on it, who would drown in what he did not ask for.
func appendShortError(dst []byte, transactionID uint32, text string, size int) []byte {
	if errorHead+len(text) > size {
		return dst
	}
	return AppendError(dst, transactionID, text)
}

// shed answers a request that the tracker is not asked about, since too many are.
func (s *Server) shed(dst []byte, r *request) []byte {
	s.metrics.count(shed)
	return AppendError(dst, r.transactionID, textBusy)
}

// answer asks the tracker, and appends its reply. A panic ends this request only, as
// net/http has it.
func (s *Server) answer(ctx context.Context, dst []byte, r *request) (reply []byte) {
	defer func() {
		if fault := recover(); fault != nil {
			s.metrics.count(failed)
			s.log.Error("request panicked", "panic", fault, "client", r.client)
			reply = AppendError(dst, r.transactionID, textPanic)
		}
	}()
	if r.action == actionScrape {
		return s.scrape(ctx, dst, r)
	}
	return s.announce(ctx, dst, r)
}

func (s *Server) announce(ctx context.Context, dst []byte, r *request) []byte {
	resp, err := s.tracker.Announce(ctx, r.announce)
	if errors.Is(err, tracker.ErrEnded) {
		// An error would bring them back: it has no field for when.
		s.note(r, err)
		return AppendAnnounce(dst, r.transactionID, r.client, tracker.EndedResponse())
	}
	if err != nil {
		return s.fail(dst, r, err)
	}
	s.metrics.count(announced)
	return AppendAnnounce(dst, r.transactionID, r.client, resp)
}

func (s *Server) scrape(ctx context.Context, dst []byte, r *request) []byte {
	entries, err := s.tracker.Scrape(ctx, r.hashes)
	if err != nil {
		return s.fail(dst, r, err)
	}
	s.metrics.count(scraped)
	return AppendScrape(dst, r.transactionID, r.hashes, entries)
}

// fail answers with an error.
func (s *Server) fail(dst []byte, r *request, err error) []byte {
	s.note(r, err)
	return AppendError(dst, r.transactionID, tracker.FailureOf(err).Reason)
}

// note is the one place where errors of requests are counted and logged; what concerns nobody who
// does not debug is not, as in package bthttp.
func (s *Server) note(r *request, err error) {
	level, o := slog.LevelError, failed
	var fault tracker.ClientError
	switch {
	case errors.As(err, &fault), errors.Is(err, tracker.ErrCrowded):
		level, o = slog.LevelDebug, refused
	case errors.Is(err, tracker.ErrTooEarly):
		level, o = slog.LevelDebug, deferred
	case errors.Is(err, tracker.ErrEnded):
		level, o = slog.LevelDebug, ended
	case errors.Is(err, tracker.ErrUnavailable), errors.Is(err, tracker.ErrLocationUnknown),
		errors.Is(err, context.Canceled): // the server stops
		level = slog.LevelDebug
	}
	s.metrics.count(o)
	if !s.log.Enabled(context.Background(), level) {
		return
	}
	args := []any{"action", r.action, "error", err}
	if level == slog.LevelError {
		suppressed, due := s.failure.Due()
		if !due {
			return
		}
		args = append(args, "suppressed", suppressed)
	}
	s.log.Log(context.Background(), level, "request failed", append(args, "client", r.client)...)
}

package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// server answers requests. It keeps no state of its own but files that were asked for, and how the
// store was a second ago.
type server struct {
	store       Store
	readiness   readiness
	locations   Locations
	opts        Options
	log         *slog.Logger
	routes      []route
	crossOrigin http.CrossOriginProtection

	files     *files
	reads     *limiter // lists and statistics
	changes   *limiter // so that those who read cannot keep an operator from acting
	downloads *limiter // of torrents
	writing   semaphore

	internal, late tracker.LogLimiter // of requests that failed
}

// ServeHTTP begins to answer within Options.Timeout, and ends when the client took the answer, or
// is slower than paced.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.opts.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	w = &paced{ResponseWriter: w, writing: s.writing}
	body := &upload{ReadCloser: r.Body}
	if r.Body != http.NoBody { // which stays what it is
		r.Body = body
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := s.serve(w, r); err != nil {
		refuse(ctx, w, body, s.report(r, err))
	}
}

// serve finds the handler. Everything that is no GET changes state, so no
// handler can forget to ask who may; nor can one pass over a parameter that it does not know.
func (s *server) serve(w http.ResponseWriter, r *http.Request) error {
	methods, arg, found := s.find(r.URL.Path)
	if !found {
		return errNoPath
	}
	endpoint, ok := methods.of(r.Method)
	if !ok {
		w.Header().Set("Allow", methods.allow())
		return errMethod
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := s.admit(r); err != nil {
			return err
		}
	}
	if err := checkQuery(r.URL.RawQuery, endpoint.knows); err != nil {
		return err
	}
	return endpoint.handle(w, r, arg)
}

// report logs an error, once, and returns the fault to show. A client's fault, a client that went
// away and a busy server are logged at DEBUG. So is a store that is away: the store logs when that
// begins and ends. Anything else is logged once a minute, since whoever provokes it can do so with
// each request.
func (s *server) report(r *http.Request, err error) fault {
	const failed = "request failed"
	f := faultOf(err)
	args := []any{
		"method", r.Method, "path", r.URL.Path, "client", tracker.ClientName(r.RemoteAddr), "status", f.status, "error", err,
	}
	expected := errors.Is(r.Context().Err(), context.Canceled) || errors.Is(err, tracker.ErrUnavailable) || errors.Is(err, tracker.ErrBusy)
	switch {
	case f.status == http.StatusInternalServerError && !expected:
		s.internal.Log(s.log, slog.LevelError, failed, args...)
	case f.status == http.StatusServiceUnavailable && !expected:
		s.late.Log(s.log, slog.LevelWarn, failed, args...)
	default:
		s.log.Debug(failed, args...)
	}
	return f
}

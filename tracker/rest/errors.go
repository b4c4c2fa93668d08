package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// fault is an error as it is shown. Its texts are static, but for settings, the names of query
// parameters and racks of the request, and the owner of a name or a torrent.
type fault struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (f fault) Error() string { return f.Message }

var (
	errNoPath   = fault{http.StatusNotFound, "not_found", "there is nothing at this path"}
	errMethod   = fault{http.StatusMethodNotAllowed, "method_not_allowed", "this path does not take this method"}
	errInternal = fault{http.StatusInternalServerError, "internal", "internal error"}
	errNotReady = fault{http.StatusServiceUnavailable, "unavailable", "the store cannot be asked now"}
)

func badRequest(format string, args ...any) fault {
	return fault{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

// domainFaults are the faults of the domain's errors.
var domainFaults = []struct {
	err   error
	fault fault
}{
	{tracker.ErrNotFound, fault{http.StatusNotFound, "not_found", "there is no such torrent or transfer"}},
	{tracker.ErrNameTaken, fault{http.StatusConflict, "name_taken", "another torrent has this name"}},
	{tracker.ErrHashTaken, fault{http.StatusConflict, "hash_taken", "this torrent is registered under another name"}},
	{tracker.ErrNotTrusted, fault{http.StatusForbidden, "forbidden", tracker.FailureOf(tracker.ErrNotTrusted).Reason}},
	{tracker.ErrNoClient, fault{http.StatusForbidden, "forbidden", tracker.FailureOf(tracker.ErrNoClient).Reason}},
	{tracker.ErrBusy, fault{http.StatusServiceUnavailable, "busy", "too many requests are under way: try again in some seconds"}},
	{tracker.ErrUnavailable, errNotReady},
	{context.DeadlineExceeded, errNotReady},
}

// faultOf turns any error into what may be shown. Whatever is not known is an
// internal error and keeps its text to itself.
func faultOf(err error) fault {
	var shown fault
	if errors.As(err, &shown) {
		return shown
	}
	var client tracker.ClientError
	if errors.As(err, &client) {
		return badRequest("%s", string(client))
	}
	for _, known := range domainFaults {
		if errors.Is(err, known.err) {
			return known.fault.naming(err)
		}
	}
	return errInternal
}

// naming adds who has the name, or the torrent, that is taken.
func (f fault) naming(err error) fault {
	var taken tracker.TakenError
	switch {
	case !errors.As(err, &taken) || taken.By == "":
	case errors.Is(err, tracker.ErrHashTaken):
		f.Message += ": " + shownName(taken.By)
	default:
		f.Message += ": " + taken.By
	}
	return f
}

package bthttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// scrapeFiles is what /scrape/HASH.json answers: the dictionary of BEP 48, with
// the info hash as 40 upper-case hexadecimal digits.
type scrapeFiles struct {
	Files map[string]scrapeCounts `json:"files"`
}

type scrapeCounts struct {
	Complete    int `json:"complete"`
	Downloaded  int `json:"downloaded"`
	Incomplete  int `json:"incomplete"`
	Downloaders int `json:"downloaders"`
}

// jsonError has the shape of every error that REST answers with.
type jsonError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (s *server) scrapeJSON(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	entry, err := s.scrapeOne(ctx, r)
	if err != nil {
		s.logFailure(r, err)
		writeJSONError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, scrapeFiles{Files: map[string]scrapeCounts{
		entry.InfoHash.String(): {entry.Complete, entry.Downloaded, entry.Incomplete, entry.Downloaders},
	}})
}

func (s *server) scrapeOne(ctx context.Context, r *http.Request) (tracker.ScrapeEntry, error) {
	digits := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/scrape/"), ".json")
	hash, err := tracker.ParseInfoHash(digits)
	if err != nil {
		return tracker.ScrapeEntry{}, err
	}
	entries, err := s.tracker.Scrape(ctx, []tracker.InfoHash{hash})
	if err != nil {
		return tracker.ScrapeEntry{}, err
	}
	if len(entries) == 0 {
		return tracker.ScrapeEntry{}, tracker.ErrNotFound
	}
	return entries[0], nil
}

func writeJSONError(w http.ResponseWriter, err error) {
	var fault tracker.ClientError
	var body jsonError
	status := http.StatusInternalServerError
	body.Error.Code, body.Error.Message = "internal", tracker.FailureOf(err).Reason
	switch {
	case errors.As(err, &fault):
		status, body.Error.Code = http.StatusBadRequest, "bad_request"
	case errors.Is(err, tracker.ErrNotFound):
		status = http.StatusNotFound
		body.Error.Code, body.Error.Message = "not_found", "no active transfer has this info hash"
	case errors.Is(err, tracker.ErrUnavailable):
		status, body.Error.Code = http.StatusServiceUnavailable, "unavailable"
	}
	writeJSON(w, status, body)
}

// writeJSON sends a value that always encodes.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // fails only if the client went away
}

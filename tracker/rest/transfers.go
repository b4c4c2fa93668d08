package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// listTransfers writes a page of {hash: torrent name} of the active transfers. If there is more,
// "cursor" is for ?cursor of the next page.
func (s *server) listTransfers(w http.ResponseWriter, r *http.Request, _ string) error {
	cursor, limit, err := parsePage(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.store.Transfers(r.Context(), cursor, limit)
	if err != nil {
		return fmt.Errorf("list transfers: %w", err)
	}
	reply := make(map[string]string, len(page.Transfers)+1)
	for hash, name := range page.Transfers {
		reply[hash.String()] = shownName(name)
	}
	if page.Next != "" {
		reply["cursor"] = page.Next
	}
	return writeJSON(w, http.StatusOK, reply)
}

const errRacks = tracker.ClientError("racks is 0 or 1")

// getStatistics writes a transfer's statistics; with ?racks=1 a page of the racks' too, with ?rack
// those of one, or of the racks in a group.
func (s *server) getStatistics(w http.ResponseWriter, r *http.Request, digits string) error {
	hash, ask, err := parseList(r, digits)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if query.Has("racks") && query.Get("racks") != "0" && query.Get("racks") != "1" {
		return errRacks
	}
	stats, err := s.store.Statistics(r.Context(), hash)
	if err != nil {
		return fmt.Errorf("statistics of %s: %w", hash, err)
	}
	reply := statistics{Global: newGlobal(stats)}
	if ask.rack != "" || query.Get("racks") == "1" {
		page, err := s.store.Racks(r.Context(), hash, ask.rack, ask.cursor, ask.limit)
		if err != nil {
			return fmt.Errorf("racks of %s: %w", hash, err)
		}
		reply.Racks, reply.Cursor = newRacks(page.Racks, stats.Length), page.Next
	}
	return writeJSON(w, http.StatusOK, reply)
}

// deactivated is the reply to a deactivation.
type deactivated struct {
	Deactivated []string `json:"deactivated"`      // hashes
	Failed      []string `json:"failed,omitempty"` // hashes to try again
	Error       *fault   `json:"error,omitempty"`  // what the first of them failed of
	Clients     string   `json:"clients"`          // what they do from then on
}

// What clients do after a deactivation, by whether they are told to stop.
var afterwards = map[bool]string{
	false: "They get no more peers, and go on to announce: ?stop=true tells them to stop that. " + exchange,
	true:  "They are told to stop announcing. " + exchange,
}

const exchange = "Those that know each other go on to exchange the payload until the torrent is removed in each of them."

const errStop = tracker.ClientError("stop must be true or false")

// readStop reads ?stop: clients are to stop announcing.
func readStop(r *http.Request) (stop bool, err error) {
	query := r.URL.Query()
	switch word := query.Get("stop"); {
	case word == "true":
		return true, nil
	case word == "false", !query.Has("stop"):
		return false, nil
	}
	return false, errStop
}

// deactivate ends and archives one transfer.
func (s *server) deactivate(w http.ResponseWriter, r *http.Request, digits string) error {
	hash, err := tracker.ParseInfoHash(digits)
	if err != nil {
		return err
	}
	stop, err := readStop(r)
	if err != nil {
		return err
	}
	if err := s.archive(r, hash, stop); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, deactivated{Deactivated: []string{hash.String()}, Clients: afterwards[stop]})
}

// deactivateAll ends and archives every active transfer. One that fails does
// not keep the others from being tried.
func (s *server) deactivateAll(w http.ResponseWriter, r *http.Request, _ string) error {
	stop, err := readStop(r)
	if err != nil {
		return err
	}
	hashes, err := s.activeHashes(r.Context())
	if err != nil {
		return fmt.Errorf("list transfers: %w", err)
	}
	reply := deactivated{Deactivated: []string{}, Clients: afterwards[stop]}
	var first error
	for _, hash := range hashes {
		switch err := s.archive(r, hash, stop); {
		case err == nil:
			reply.Deactivated = append(reply.Deactivated, hash.String())
		case errors.Is(err, tracker.ErrNotFound): // somebody else ended it meanwhile
		default:
			reply.Failed = append(reply.Failed, hash.String())
			first = cmp.Or(first, err)
		}
	}
	if first == nil {
		return writeJSON(w, http.StatusOK, reply)
	}
	f := s.report(r, first)
	reply.Error = &f
	faultHeaders(w, f)
	return writeJSON(w, f.status, reply)
}

func (s *server) archive(r *http.Request, hash tracker.InfoHash, stop bool) error {
	stats, err := s.store.Statistics(r.Context(), hash)
	if err != nil && !errors.Is(err, tracker.ErrNotFound) { // which may have ended before
		return fmt.Errorf("statistics of %s: %w", hash, err)
	}
	if err := s.store.Deactivate(r.Context(), hash, stop); err != nil {
		return fmt.Errorf("deactivate %s: %w", hash, err)
	}
	log := s.log.With("transfer", hash, "stop", stop, "client", tracker.ClientName(r.RemoteAddr))
	if !stats.Active {
		log.Info("transfer had ended before")
		return nil
	}
	log.Info("transfer ended", "name", stats.Name, "hosts", stats.Progress.Hosts, "seeded", stats.Progress.Seeded,
		"done", stats.Progress.Done, "after", time.Since(stats.Registered).Truncate(time.Second))
	return nil
}

// activeHashes are those of all active transfers, in order.
func (s *server) activeHashes(ctx context.Context) (hashes []tracker.InfoHash, err error) {
	for cursor := ""; ; {
		page, err := s.store.Transfers(ctx, cursor, maxLimit)
		if err != nil {
			return nil, err
		}
		hashes = slices.AppendSeq(hashes, maps.Keys(page.Transfers))
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.SortFunc(hashes, func(a, b tracker.InfoHash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(hashes), nil
}

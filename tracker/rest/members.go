package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Entries of a page.
const (
	defaultLimit = 1_000
	maxLimit     = 10_000
)

const errLimit = tracker.ClientError("limit is a number from 1 to 10000")

// listMembers writes a page of one of a transfer's lists: {word: [...]}. If there is more, "cursor"
// is for ?cursor of the next page. With ?rack the entries are those of a rack, or of a group of
// racks; an unknown rack has none.
func (s *server) listMembers(word string, set tracker.Set) handler {
	return func(w http.ResponseWriter, r *http.Request, digits string) error {
		hash, ask, err := parseList(r, digits)
		if err != nil {
			return err
		}
		page, err := s.store.Members(r.Context(), hash, set, ask.rack, ask.cursor, ask.limit)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", word, hash, err)
		}
		entries := append([]string{}, page.Entries...) // never null
		if set == tracker.SetRacks {
			for i, rack := range entries {
				entries[i] = tracker.Location(rack).String()
			}
		}
		reply := map[string]any{word: entries}
		if page.Next != "" {
			reply["cursor"] = page.Next
		}
		return writeJSON(w, http.StatusOK, reply)
	}
}

// listQuery is which part of a list is asked for.
type listQuery struct {
	rack   tracker.Location // empty: all
	cursor string           // empty: from the beginning
	limit  int
}

func parseList(r *http.Request, digits string) (hash tracker.InfoHash, ask listQuery, err error) {
	if hash, err = tracker.ParseInfoHash(digits); err != nil {
		return hash, ask, err
	}
	query := r.URL.Query()
	if ask.cursor, ask.limit, err = parsePage(query); err != nil {
		return hash, ask, err
	}
	ask.rack, err = parseRack(query)
	return hash, ask, err
}

// parsePage reads ?cursor= and ?limit=.
func parsePage(query url.Values) (cursor string, limit int, err error) {
	cursor, limit = query.Get("cursor"), defaultLimit
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxLimit {
			return "", 0, errLimit
		}
	}
	return cursor, limit, nil
}

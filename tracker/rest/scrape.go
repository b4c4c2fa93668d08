package rest

import (
	"fmt"
	"net/http"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// scraped is the reply of /scrape/HASH.json: the dictionary of BEP 48, with the
// info hash as digits.
type scraped struct {
	Files map[string]counts `json:"files"`
}

type counts struct {
	Complete    int `json:"complete"`
	Downloaded  int `json:"downloaded"`
	Incomplete  int `json:"incomplete"`
	Downloaders int `json:"downloaders"` // BEP 21
}

// scrape writes the counts that clients see. A transfer that is not active has
// none.
func (s *server) scrape(w http.ResponseWriter, r *http.Request, digits string) error {
	hash, err := tracker.ParseInfoHash(digits)
	if err != nil {
		return err
	}
	entries, err := s.store.Scrape(r.Context(), []tracker.InfoHash{hash})
	if err != nil {
		return fmt.Errorf("scrape %s: %w", hash, err)
	}
	if len(entries) == 0 {
		return fmt.Errorf("scrape %s: %w", hash, tracker.ErrNotFound)
	}
	e := entries[0]
	return writeJSON(w, http.StatusOK, scraped{map[string]counts{
		hash.String(): {e.Complete, e.Downloaded, e.Incomplete, e.Downloaders},
	}})
}

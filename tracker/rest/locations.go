package rest

import (
	"fmt"
	"net/http"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// refreshed is the reply to a refresh of the locations.
type refreshed struct {
	Generation int64 `json:"generation"` // counts the refreshes
}

// refreshLocations makes every frontend ask anew where hosts stand.
func (s *server) refreshLocations(w http.ResponseWriter, r *http.Request, _ string) error {
	generation, err := s.locations.Refresh(r.Context())
	if err != nil {
		return fmt.Errorf("refresh locations: %w", err)
	}
	s.log.Info("locations are asked for anew", "generation", generation, "client", tracker.ClientName(r.RemoteAddr))
	return writeJSON(w, http.StatusOK, refreshed{generation})
}

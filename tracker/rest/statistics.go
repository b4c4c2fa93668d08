package rest

import (
	"strconv"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// statistics is the reply of /transfers/HASH.json; its words are the older
// tracker's.
type statistics struct {
	Global global          `json:"global"`
	Racks  map[string]rack `json:"racks,omitzero"`   // by their names, see tracker.Location.String
	Cursor string          `json:"cursor,omitempty"` // for ?cursor of the next racks, if there are more
}

type global struct {
	Active        bool    `json:"active"`
	Peers         int     `json:"peers"`
	Seeders       int     `json:"seeders"`
	Leechers      int     `json:"leechers"`
	Started       bool    `json:"started"`
	FirstStart    *string `json:"first_start"` // RFC 3339, or null; likewise below
	LastStart     *string `json:"last_start"`
	Complete      bool    `json:"complete"`
	FirstComplete *string `json:"first_complete"`
	LastComplete  *string `json:"last_complete"`
	Size          string  `json:"size"`     // bytes of the payload
	Progress      string  `json:"progress"` // mean over the hosts seen, "66.67%"

	Seeded    int                       `json:"seeded"`    // hosts that never lacked anything
	Delivered *string                   `json:"delivered"` // mean over the other hosts, "50.00%"; null: there are none
	States    map[tracker.HostState]int `json:"states"`    // hosts seen, by their states
}

// rack counts live peers, representatives and seeders.
type rack struct {
	Peers           int     `json:"N"`
	Representatives int     `json:"R"`
	Seeders         int     `json:"S"`
	Progress        string  `json:"progress"`
	Delivered       *string `json:"delivered"`
}

func newGlobal(s tracker.Statistics) global {
	return global{
		Active:        s.Active,
		Peers:         s.Peers,
		Seeders:       s.Seeders,
		Leechers:      s.Leechers,
		Started:       !s.FirstStarted.IsZero(),
		FirstStart:    when(s.FirstStarted),
		LastStart:     when(s.LastStarted),
		Complete:      s.Progress.Complete(),
		FirstComplete: when(s.FirstCompleted),
		LastComplete:  when(s.LastCompleted),
		Size:          strconv.FormatUint(s.Length, 10),
		Progress:      tracker.Percent(s.Progress.Share(s.Length)),
		Seeded:        s.Progress.Seeded,
		Delivered:     delivered(s.Progress, s.Length),
		States:        s.States(),
	}
}

func newRacks(racks map[tracker.Location]tracker.RackStatistics, length uint64) map[string]rack {
	shown := make(map[string]rack, len(racks))
	for name, r := range racks {
		shown[name.String()] = rack{
			r.Peers, r.Representatives, r.Seeders,
			tracker.Percent(r.Progress.Share(length)), delivered(r.Progress, length),
		}
	}
	return shown
}

// delivered is what the hosts have that lacked something; nil if none did.
func delivered(p tracker.Progress, length uint64) *string {
	p = p.Delivered()
	if p.Hosts == 0 {
		return nil
	}
	percent := tracker.Percent(p.Share(length))
	return &percent
}

// when writes a time in UTC; what has not happened is null.
func when(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

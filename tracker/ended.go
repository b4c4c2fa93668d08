package tracker

import "time"

// endedInterval is how long clients of a transfer are to stay away that an operator has ended
// and told them to leave. None that was seen takes a longer one for too long.
const endedInterval = 30 * 24 * time.Hour

// Words for them. On the first some clients give a tracker up for good, and newer rtorrents
// take a warning for a failure if it holds them.
const (
	endedReason  = "unregistered torrent: this transfer has ended"
	endedWarning = "this transfer has ended"
)

// EndedResponse says the same as the failure of ErrEnded, as a reply without peers: for those whom
// a failure would bring back within minutes, whatever its words.
func EndedResponse() AnnounceResponse {
	resp := AnnounceResponse{Warning: endedWarning}
	resp.Interval, resp.MinInterval = spread(endedInterval)
	return resp
}

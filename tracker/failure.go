package tracker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Outcome is what became of an announce or a scrape, as it is counted.
type Outcome uint8

// The outcomes of a request.
const (
	OutcomeAnnounced Outcome = iota // answered with peers, or that there are none
	OutcomeScraped                  // answered with counts
	OutcomeRefused                  // a failure: the request's own fault
	OutcomeFailed                   // a failure: it could not be answered now
	OutcomeShed                     // a failure: too many requests were pending
	OutcomeDeferred                 // a failure: the host is to ask again in some seconds
	OutcomeEnded                    // told to stop: the transfer has ended
	Outcomes                        // how many there are
)

var outcomeNames = [Outcomes]string{"announced", "scraped", "refused", "failed", "shed", "deferred", "ended"}

// String is the outcome's label.
func (o Outcome) String() string { return outcomeNames[o] }

// Failure is all that follows from an error of an announce or a scrape. Its client is told the
// reason and when to come back, instead of a reply (BEP 3, BEP 31).
type Failure struct {
	Reason   string
	Interval time.Duration // always sent: without it libtorrent stays away for 1800 s
	Never    bool          // retrying is of no use; otherwise "retry in" is a minute
	Outcome  Outcome
	Level    slog.Level // that it is logged at
}

// expected are the errors that nobody has to look into. A lasting one, such as a store that is away,
// is logged where it begins and ends, and not for each request in between.
var expected = []struct {
	err     error
	outcome Outcome
	reason  string
}{
	{ErrEnded, OutcomeEnded, "unregistered torrent: this transfer has ended"}, // some clients give a tracker up for good on the first words
	{ErrBusy, OutcomeShed, "tracker is busy"},
	{ErrLate, OutcomeFailed, "tracker is busy"},
	{ErrTooEarly, OutcomeDeferred, "nobody in this rack has anything yet"},
	{ErrCrowded, OutcomeRefused, "too many hosts at this address"},
	{ErrLocationUnknown, OutcomeFailed, "location of this host is not known yet"},
	{ErrNotTrusted, OutcomeFailed, "X-Forwarded-For from an address that TRUSTED_PROXIES does not name"},
	{ErrNoClient, OutcomeFailed, "the proxy's X-Forwarded-For does not tell the client's address"},
	{ErrForgotten, OutcomeFailed, "tracker lost its data and waits for this transfer"}, // before ErrUnavailable, which it is as well
	{ErrUnavailable, OutcomeFailed, "tracker cannot reach its store now"},
	{context.Canceled, OutcomeFailed, internalReason}, // the client went away, or the server stops
}

const internalReason = "internal error"

const (
	badRequestInterval = 30 * time.Minute    // the request can never succeed
	endedInterval      = 30 * 24 * time.Hour // no client that was seen takes a longer one for too long
)

// FailureOf turns any error of an announce or a scrape into a Failure, whose words may be shown. A
// transient error brings the client back after 10 to 20 s, spread at random so that a crowd does not
// come back in step.
func FailureOf(err error) Failure {
	var fault ClientError
	if errors.As(err, &fault) {
		return Failure{string(fault), badRequestInterval, true, OutcomeRefused, slog.LevelDebug}
	}
	f := Failure{Reason: internalReason, Outcome: OutcomeFailed, Level: slog.LevelError}
	for _, e := range expected {
		if errors.Is(err, e.err) {
			f.Reason, f.Outcome, f.Level = e.reason, e.outcome, slog.LevelDebug
			break
		}
	}
	if f.Outcome == OutcomeEnded {
		f.Interval, _ = spread(endedInterval)
		f.Never = true
		return f
	}
	f.Interval = 10*time.Second + rand.N(11*time.Second).Truncate(time.Second)
	return f
}

// endedWarning avoids the failure's words: newer rtorrents take a warning for a failure if it
// holds them.
const endedWarning = "this transfer has ended"

// EndedResponse says the same as the failure of ErrEnded, as a reply without peers. It is for the
// clients that a failure would bring back within minutes; see Traits.IgnoresFailures.
func EndedResponse() AnnounceResponse {
	resp := AnnounceResponse{Warning: endedWarning}
	resp.Interval, resp.MinInterval = spread(endedInterval)
	return resp
}

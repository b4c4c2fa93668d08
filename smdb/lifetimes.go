package smdb

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

type entry = otter.Entry[netip.Addr, answer]

// expireAfter is how long after it was given an answer is forgotten.
func (o CacheOptions) expireAfter(e entry) time.Duration {
	switch e.Value.outcome {
	case found:
		return o.MaxStale
	case nowhere:
		return o.NegativeTTL
	default:
		return o.FailureTTL
	}
}

// refreshTimes is the otter.RefreshCalculator: a found place is asked for again
// when it is TTL old, and FailureTTL after a try that failed. Other answers
// expire and are then asked for anew, while the announce waits.
type refreshTimes struct{ opts CacheOptions }

func (r refreshTimes) after(e entry) time.Duration {
	if e.Value.outcome == found {
		return r.opts.TTL
	}
	return r.opts.expireAfter(e)
}

// RefreshAfterCreate counts from the first answer.
func (r refreshTimes) RefreshAfterCreate(e entry) time.Duration { return r.after(e) }

// RefreshAfterUpdate counts from an answer that replaces one.
func (r refreshTimes) RefreshAfterUpdate(e entry, _ answer) time.Duration { return r.after(e) }

// RefreshAfterReload counts from an answer that came in the background.
func (r refreshTimes) RefreshAfterReload(e entry, _ answer) time.Duration { return r.after(e) }

// RefreshAfterReloadFailure counts from a try that failed.
func (r refreshTimes) RefreshAfterReloadFailure(entry, error) time.Duration { return r.opts.FailureTTL }

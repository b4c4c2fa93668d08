package smdb

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

type entry = otter.Entry[netip.Addr, answer]

// expireAfter is how long after it is remembered an answer is forgotten. A place that
// Redis had has an age by then.
func (o CacheOptions) expireAfter(e entry) time.Duration {
	switch e.Value.outcome {
	case found:
		return remaining(o.MaxStale, e.Value)
	case failed:
		return o.FailureTTL
	default:
		return o.NegativeTTL
	}
}

// remaining is what is left of a lifetime that began when the answer was given.
func remaining(lifetime time.Duration, a answer) time.Duration {
	return max(lifetime-time.Since(a.asked), 1)
}

// refreshTimes is the otter.RefreshCalculator: a found place is asked for again
// when it is TTL old, and FailureTTL after a try that failed. Other answers
// expire and are then asked for anew, while the announce waits.
type refreshTimes struct{ opts CacheOptions }

func (r refreshTimes) after(e entry) time.Duration {
	switch {
	case e.Value.rescued:
		return r.opts.FailureTTL
	case e.Value.outcome == found:
		return remaining(r.opts.TTL, e.Value)
	default:
		return r.opts.expireAfter(e)
	}
}

// RefreshAfterCreate counts from the first answer.
func (r refreshTimes) RefreshAfterCreate(e entry) time.Duration { return r.after(e) }

// RefreshAfterUpdate counts from an answer that replaces one.
func (r refreshTimes) RefreshAfterUpdate(e entry, _ answer) time.Duration { return r.after(e) }

// RefreshAfterReload counts from an answer that came in the background.
func (r refreshTimes) RefreshAfterReload(e entry, _ answer) time.Duration { return r.after(e) }

// RefreshAfterReloadFailure counts from a try that failed.
func (r refreshTimes) RefreshAfterReloadFailure(entry, error) time.Duration { return r.opts.FailureTTL }

package smdb

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

type entry = otter.Entry[netip.Addr, answer]

// expireAfter is how long an answer is kept. A place from Redis has an age already.
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

// refreshAfter is when a place is asked for again: when it is TTL old, and FailureTTL after a
// try that failed. Other answers expire, and the next announce waits for a new one.
func (o CacheOptions) refreshAfter(e entry) time.Duration {
	switch {
	case e.Value.fallback:
		return o.FailureTTL
	case e.Value.outcome == found:
		return remaining(o.TTL, e.Value)
	default:
		return o.expireAfter(e)
	}
}

// remaining is what is left of a lifetime that began when the sources gave the answer.
func remaining(lifetime time.Duration, a answer) time.Duration {
	return max(lifetime-time.Since(a.asked), 1)
}

// refreshTimes is a RefreshCalculator that repeats a reload that failed after FailureTTL.
type refreshTimes struct {
	otter.RefreshCalculator[netip.Addr, answer]
	failureTTL time.Duration
}

// RefreshAfterReloadFailure counts from the failure.
func (r refreshTimes) RefreshAfterReloadFailure(entry, error) time.Duration { return r.failureTTL }

package smdb

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// How this module counts: a package that counts has a file metrics.go, with a
// struct of its counters and a function that makes them in a Registerer; nil is
// none, and then they count for nobody. Labels are resolved here, once, so that
// to count is one atomic add, and every series is there from the start, at 0.

// newLinkCounters counts what one source of a chain says, by outcome.
func newLinkCounters(lookups *prometheus.CounterVec, source string) (counters [outcomes]prometheus.Counter) {
	for o := range outcomes {
		counters[o] = lookups.WithLabelValues(source, o.String())
	}
	return counters
}

func newLookups(registerer prometheus.Registerer) *prometheus.CounterVec {
	return promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_lookups_total",
		Help: "Questions to each location source, by how they ended.",
	}, []string{"source", "outcome"})
}

// eventCounter counts what the bounds of remote sources do.
type eventCounter struct{ events *prometheus.CounterVec }

func newEventCounter(registerer prometheus.Registerer) eventCounter {
	return eventCounter{promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_events_total",
		Help: "Remote location sources: tries repeated (retry), questions without a place (full), tries not made since most of " +
			"late failed (refused), and when that began (opened) and ended (closed).",
	}, []string{"source", "event"})}
}

// expect lets every series of a source be there from the start, at 0.
func (c eventCounter) expect(source string) {
	for _, event := range []Event{EventRetry, EventFull, EventRefused, EventOpened, EventClosed} {
		c.events.WithLabelValues(source, string(event))
	}
}

func (c eventCounter) count(source string, event Event) {
	c.events.WithLabelValues(source, string(event)).Inc()
}

// cacheMetrics count how a Cache comes by its answers.
type cacheMetrics struct {
	// Announces whose host no local source knows: what the frontend's own
	// memory had.
	fresh   prometheus.Counter // a place
	stale   prometheus.Counter // a place older than TTL, which is asked for in the background
	nowhere prometheus.Counter // that it has no place, or that the sources failed a moment ago
	miss    prometheus.Counter // nothing: the announce waits

	// Lookups, one for all announces that wait for it: what Redis had.
	recalled prometheus.Counter // a place younger than TTL: no source was asked
	rescued  prometheus.Counter // an older one, taken because the sources failed
	unused   prometheus.Counter // nothing, or nothing that was needed
	mute     prometheus.Counter // Redis did not answer

	unwritten prometheus.Counter // answers that could not be written to Redis
}

func newCacheMetrics(registerer prometheus.Registerer) cacheMetrics {
	factory := promauto.With(registerer)
	cache := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_cache_total",
		Help: "Announces of hosts that no local source knows, by what the frontend's own memory had.",
	}, []string{"result"})
	recalls := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_recalls_total",
		Help: "Lookups, by what Redis had: fresh was taken, stale was taken since the sources failed, unused was nothing or too old, failed no answer.",
	}, []string{"result"})
	return cacheMetrics{
		fresh:   cache.WithLabelValues("fresh"),
		stale:   cache.WithLabelValues("stale"),
		nowhere: cache.WithLabelValues("nowhere"),
		miss:    cache.WithLabelValues("miss"),

		recalled: recalls.WithLabelValues("fresh"),
		rescued:  recalls.WithLabelValues("stale"),
		unused:   recalls.WithLabelValues("unused"),
		mute:     recalls.WithLabelValues("failed"),

		unwritten: factory.NewCounter(prometheus.CounterOpts{
			Name: "p2ptracker_location_unwritten_total",
			Help: "Answers of location sources that could not be written to Redis.",
		}),
	}
}

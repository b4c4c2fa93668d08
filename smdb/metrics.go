package smdb

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// How this module counts: a package that counts has a file metrics.go, with a struct of its
// counters and a function that makes them in a Registerer; with nil they are counted, but
// nobody sees them. Labels are resolved here, once: to count is one atomic add, and every
// series exists from the start, at 0.

func newLookups(registerer prometheus.Registerer) *prometheus.CounterVec {
	return promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_lookups_total",
		Help: "Questions to each location source, by how they ended.",
	}, []string{"source", "outcome"})
}

func newLookupCounters(lookups *prometheus.CounterVec, source string) (counters [outcomes]prometheus.Counter) {
	for o := range outcomes {
		counters[o] = lookups.WithLabelValues(source, o.String())
	}
	return counters
}

func newEvents(registerer prometheus.Registerer) *prometheus.CounterVec {
	return promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_location_events_total",
		Help: "Remote location sources: tries repeated (retry), questions beyond those that one may have under way (full), " +
			"tries not made since most of the last ones failed (refused), and when that began (opened) and ended (closed).",
	}, []string{"source", "event"})
}

func newEventCounters(vec *prometheus.CounterVec, source string) (counters [events]prometheus.Counter) {
	for e := range events {
		counters[e] = vec.WithLabelValues(source, e.String())
	}
	return counters
}

// cacheMetrics count where a Cache has its answers from.
type cacheMetrics struct {
	// Announces whose host no local source knows, by what was in this process' memory.
	fresh   prometheus.Counter // a place
	stale   prometheus.Counter // a place older than TTL, which is asked for again in the background
	nowhere prometheus.Counter // that it has no place, or that the sources failed a moment ago
	miss    prometheus.Counter // nothing: the announce waits

	// Lookups, one for all announces that wait for it, by what Redis had.
	recallFresh  prometheus.Counter // a place younger than TTL: no source was asked
	recallStale  prometheus.Counter // an older one, taken because the sources failed
	recallUnused prometheus.Counter // nothing, or nothing that was needed
	recallFailed prometheus.Counter // Redis did not answer

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

		recallFresh:  recalls.WithLabelValues("fresh"),
		recallStale:  recalls.WithLabelValues("stale"),
		recallUnused: recalls.WithLabelValues("unused"),
		recallFailed: recalls.WithLabelValues("failed"),

		unwritten: factory.NewCounter(prometheus.CounterOpts{
			Name: "p2ptracker_location_unwritten_total",
			Help: "Answers of location sources that could not be written to Redis.",
		}),
	}
}

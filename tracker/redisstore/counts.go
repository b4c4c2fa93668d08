package redisstore

import "github.com/prometheus/client_golang/prometheus"

// counts are what the store counts since it was opened.
type counts struct {
	promotions prometheus.Counter     // places taken, of any group
	demotions  *prometheus.CounterVec // places lost, by reason
	leases     *prometheus.CounterVec // by outcome
}

// newCounts registers the counters; without a registry they are merely kept.
func newCounts(registry prometheus.Registerer) *counts {
	c := &counts{
		promotions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "p2ptracker_promotions_total",
			Help: "Places of representatives that hosts took.",
		}),
		demotions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "p2ptracker_demotions_total",
			Help: "Places of representatives that hosts lost, by reason: " +
				"stopped, expired, moved, changed, replaced, bound, lapsed, probe.",
		}, []string{"reason"}),
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "p2ptracker_leases_total",
			Help: "Leases under REPR_SCOPE=rack, by outcome: " +
				"granted, denied, held, released, failed, dropped.",
		}, []string{"outcome"}),
	}
	if registry != nil {
		registry.MustRegister(c.promotions, c.demotions, c.leases)
	}
	return c
}

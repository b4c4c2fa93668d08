package swarm

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what is counted of representatives.
type metrics struct {
	promotions prometheus.Counter     // places taken, of any group
	demotions  *prometheus.CounterVec // places lost, by reason
	leases     *prometheus.CounterVec // by outcome
}

func newMetrics(registerer prometheus.Registerer) metrics {
	factory := promauto.With(registerer)
	return metrics{
		promotions: factory.NewCounter(prometheus.CounterOpts{
			Name: "p2ptracker_promotions_total",
			Help: "Places of representatives that hosts took.",
		}),
		demotions: withSeries(factory.NewCounterVec(prometheus.CounterOpts{
			Name: "p2ptracker_demotions_total",
			Help: "Places of representatives that hosts lost, by reason: it stopped, stopped with everything (finished), was silent for PEER_TTL (expired), " +
				"got or lost a second address (changed), moved to another rack, was replaced by another client at its address, was dropped by an operator, " +
				"MAX_REPR_RACK was lowered (bound), its lease ran out (lapsed), a partial seed made way or another transfer needed its lease (yielded), or it was found dead (probe).",
		}, []string{"reason"}), "stopped", "finished", "expired", "changed", "moved", "replaced", "dropped", "bound", "lapsed", "yielded", "probe"),
		leases: withSeries(factory.NewCounterVec(prometheus.CounterOpts{
			Name: "p2ptracker_leases_total",
			Help: "Leases under REPR_SCOPE=rack: taken (granted); not taken, though the transfer needs it (denied), or of no need (idle); looked at, and still held or released; steps that failed or " +
				"were dropped since too many waited, and are made good later.",
		}, []string{"outcome"}), "granted", "denied", "idle", "held", "released", "failed", "dropped"),
	}
}

// withSeries lets every series be there from the start, at 0.
func withSeries(counters *prometheus.CounterVec, labels ...string) *prometheus.CounterVec {
	for _, label := range labels {
		counters.WithLabelValues(label)
	}
	return counters
}

package probe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// dropped counts representatives that are too many to watch, among the outcomes.
const dropped = "dropped"

func newCounts(registerer prometheus.Registerer) *prometheus.CounterVec {
	counts := promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_probes_total",
		Help: "Probes of representatives, by outcome; error says nothing of the host, and dropped were too many to watch.",
	}, []string{"outcome"})
	for _, o := range []outcome{answered, refused, timeout, failed, dropped} {
		counts.WithLabelValues(string(o))
	}
	return counts
}

package bthttp

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// metrics are what a Server counts.
type metrics struct {
	requests    [tracker.Outcomes]prometheus.Counter
	connections prometheus.Gauge
	delegated   prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) (m metrics) {
	factory := promauto.With(registerer)
	requests := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_http_requests_total",
		Help: "Announces and scrapes that came over HTTP, by what became of them.",
	}, []string{"outcome"})
	for o := range m.requests {
		m.requests[o] = requests.WithLabelValues(tracker.Outcome(o).String())
	}
	m.connections = factory.NewGauge(prometheus.GaugeOpts{
		Name: "p2ptracker_http_connections",
		Help: "Connections that are open, of clients and of proxies.",
	})
	m.delegated = factory.NewCounter(prometheus.CounterOpts{
		Name: "p2ptracker_http_handed_on_total",
		Help: "Connections that net/http took over, since something else than a plain announce or scrape came.",
	})
	return m
}

func (m *metrics) count(o tracker.Outcome) { m.requests[o].Inc() }

package bthttp

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is what became of an announce or a scrape.
type outcome int

const (
	announced outcome = iota // answered with peers, or that there are none
	scraped                  // answered with counts
	refused                  // a failure: the request's own fault
	failed                   // a failure: it could not be answered now
	shed                     // a failure: too many requests were under way
	deferred                 // a failure: the host is to ask again in some seconds
	ended                    // told to stop: the transfer has ended
	outcomes
)

var outcomeNames = [outcomes]string{"announced", "scraped", "refused", "failed", "shed", "deferred", "ended"}

// metrics are what a Server counts.
type metrics struct {
	requests    [outcomes]prometheus.Counter
	connections prometheus.Gauge
	handedOn    prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) (m metrics) {
	factory := promauto.With(registerer)
	requests := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_http_requests_total",
		Help: "Announces and scrapes that came over HTTP, by what became of them.",
	}, []string{"outcome"})
	for o := range m.requests {
		m.requests[o] = requests.WithLabelValues(outcomeNames[o])
	}
	m.connections = factory.NewGauge(prometheus.GaugeOpts{
		Name: "p2ptracker_http_connections",
		Help: "Connections that are open, of clients and of proxies.",
	})
	m.handedOn = factory.NewCounter(prometheus.CounterOpts{
		Name: "p2ptracker_http_handed_on_total",
		Help: "Connections that were handed to net/http, since something else than a plain announce or scrape came.",
	})
	return m
}

func (m *metrics) count(o outcome) { m.requests[o].Inc() }

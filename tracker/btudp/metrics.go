package btudp

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is what became of a packet.
type outcome int

const (
	connected outcome = iota // a connection id was made
	announced                // answered with peers, or that there are none
	scraped                  // answered with counts
	refused                  // an error: the request's own fault
	failed                   // an error: it could not be answered now
	shed                     // an error: too many requests were under way
	deferred                 // an error: the host is to ask again in some seconds
	ended                    // told to stop: the transfer has ended
	unproven                 // an error, or no answer: no frontend made its connection id lately for this address
	unready                  // an error: there is no secret yet to make a connection id with
	late                     // no answer: it waited for longer than an announce may take
	foreign                  // no answer: it is not of this protocol
	outcomes
)

var outcomeNames = [outcomes]string{
	"connected", "announced", "scraped", "refused", "failed", "shed", "deferred", "ended", "unproven", "unready", "late", "foreign",
}

// metrics are what a Server counts, instead of a line in the log for each packet.
type metrics struct {
	packets [outcomes]prometheus.Counter
	unsent  prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) (m metrics) {
	factory := promauto.With(registerer)
	packets := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "p2ptracker_udp_packets_total",
		Help: "Packets that came over UDP, by what became of them.",
	}, []string{"outcome"})
	for o := range m.packets {
		m.packets[o] = packets.WithLabelValues(outcomeNames[o])
	}
	m.unsent = factory.NewCounter(prometheus.CounterOpts{
		Name: "p2ptracker_udp_unsent_total",
		Help: "Replies over UDP that the system did not take.",
	})
	return m
}

func (m *metrics) count(o outcome) { m.packets[o].Inc() }

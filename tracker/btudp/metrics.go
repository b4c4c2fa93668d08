package btudp

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The outcome of a packet is that of its announce or scrape, or one of these.
const (
	connected = tracker.Outcomes + iota // a connection id was made
	unproven                            // an error, or no answer: no frontend made its connection id lately for this address
	unready                             // an error: there is no secret yet to make a connection id with
	late                                // no answer: it waited for longer than an announce may take
	foreign                             // no answer: it is not of this protocol
	outcomes
)

// outcomeName is an outcome's label.
func outcomeName(o tracker.Outcome) string {
	if o < tracker.Outcomes {
		return o.String()
	}
	return [...]string{"connected", "unproven", "unready", "late", "foreign"}[o-connected]
}

// metrics are a Server's counters. There is no log line for each packet.
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
		m.packets[o] = packets.WithLabelValues(outcomeName(tracker.Outcome(o)))
	}
	m.unsent = factory.NewCounter(prometheus.CounterOpts{
		Name: "p2ptracker_udp_unsent_total",
		Help: "Replies over UDP that the system did not take.",
	})
	return m
}

func (m *metrics) count(o tracker.Outcome) { m.packets[o].Inc() }

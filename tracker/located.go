package tracker

import (
	"net/netip"
	"time"
)

// Moment is a point in the time that all frontends share.
type Moment struct {
	Time       time.Time // by the store's clock
	Generation int64     // how often all locations have been forgotten by then, on an operator's word
}

// Located is what the location sources said of a host, and when they were asked.
type Located struct {
	IP    netip.Addr // as PlainAddr makes it
	Place            // without a Location: they know none
	Asked Moment
	Chain string // which sources they were, with which settings; no blanks
}

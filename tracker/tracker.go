// Package tracker is the domain of p2ptracker: what an announce asks, where a
// host stands, and what it is answered. It knows neither a wire format nor
// Redis, and imports the standard library only.
package tracker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// inactiveWarning is shown for a transfer that is not active. It avoids the
// words on which rtorrent and transmission give a tracker up for good.
const inactiveWarning = "transfer is not active on this tracker"

// Intervals are how often clients are asked to announce.
type Intervals struct {
	Active  time.Duration // ACTIVE_INTERVAL
	Passive time.Duration // PASSIVE_INTERVAL
}

// Tracker answers announces and scrapes. It keeps no state of its own.
type Tracker struct {
	store     Store
	locator   Locator
	prober    Prober
	rules     Rules
	intervals Intervals
}

// New returns a Tracker that keeps its swarms in store and asks locator where
// hosts stand. Without a ProbeInterval the prober has nothing to do, and may be nil.
func New(store Store, locator Locator, prober Prober, rules Rules, intervals Intervals) *Tracker {
	return &Tracker{store: store, locator: locator, prober: prober, rules: rules, intervals: intervals}
}

const errAddress = ClientError("nobody can reach a host at this address")

// Announce records a host and answers with the peers it may know of. Errors
// are for FailureOf.
func (t *Tracker) Announce(ctx context.Context, req AnnounceRequest) (AnnounceResponse, error) {
	from := req.Addr.Addr()
	if !Reachable(from, from) {
		return AnnounceResponse{}, errAddress
	}
	if req.Also.Addr().Is4() { // a host that has both is known, and located, by the IPv4 one
		req.Addr, req.Also = req.Also, req.Addr
	}
	place, err := t.locator.Locate(ctx, req.Addr.Addr())
	if err != nil {
		return AnnounceResponse{}, fmt.Errorf("locate %s: %w", req.Addr.Addr(), err)
	}
	req.Key = PlainKey(req.PeerID, req.Key)
	handout, err := t.handout(ctx, Announce{AnnounceRequest: req, Place: place, Rules: t.rules})
	if err != nil {
		return AnnounceResponse{}, fmt.Errorf("announce: %w", err)
	}
	if len(handout.Checks) > 0 {
		t.prober.Watch(handout.Checks)
	}
	switch {
	case handout.Defer:
		return AnnounceResponse{}, ErrTooEarly
	case handout.Forgotten:
		return AnnounceResponse{}, ErrForgotten
	}
	resp := AnnounceResponse{
		Interval:   t.intervals.Active,
		Complete:   handout.Complete,
		Incomplete: handout.Incomplete,
		Downloaded: handout.Downloaded,
		Peers:      handout.Peers,
		ExternalIP: from,
	}
	if !handout.Active {
		resp.Interval = t.intervals.Passive
		resp.Warning = inactiveWarning
	}
	resp.Interval, resp.MinInterval = spread(resp.Interval)
	return resp, nil
}

// handout asks the store. Of an info hash with another reading the first that is active counts,
// and one that nobody knows is registered as it was sent only if the other is not known either.
func (t *Tracker) handout(ctx context.Context, a Announce) (Handout, error) {
	if a.WithBlanks != (InfoHash{}) {
		var handout Handout
		for _, hash := range [...]InfoHash{a.InfoHash, a.WithBlanks} {
			reading := a
			reading.InfoHash, reading.AutoRegister = hash, false
			var err error
			if handout, err = t.store.Announce(ctx, reading); err != nil || handout.Active {
				return handout, err
			}
		}
		if !a.AutoRegister {
			return handout, nil
		}
	}
	return t.store.Announce(ctx, a)
}

// Scrape counts the active ones among the transfers asked for.
func (t *Tracker) Scrape(ctx context.Context, hashes []InfoHash) ([]ScrapeEntry, error) {
	entries, err := t.store.Scrape(ctx, hashes)
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	return entries, nil
}

// spread varies an interval by up to a twentieth either way, so that a crowd
// that started together does not stay in step. The minimum never exceeds it.
func spread(base time.Duration) (interval, minimum time.Duration) {
	part := base / 20
	interval = base - part + rand.N(2*part+1)
	return interval, base - part
}

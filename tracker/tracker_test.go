package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type fakeStore struct {
	asked   Announce
	handout Handout
	err     error
}

func (s *fakeStore) Announce(_ context.Context, a Announce) (Handout, error) {
	s.asked = a
	return s.handout, s.err
}

func (s *fakeStore) Scrape(context.Context, []InfoHash) ([]ScrapeEntry, error) {
	return nil, s.err
}

type fakeLocator struct {
	place Place
	err   error
}

func (l fakeLocator) Locate(context.Context, netip.Addr) (Place, error) { return l.place, l.err }

var (
	rules     = Rules{MaxReprRack: 2, MaxPeers: 30, PeerTTL: time.Minute}
	intervals = Intervals{Active: 45 * time.Second, Passive: 300 * time.Second}
	request   = AnnounceRequest{Addr: netip.MustParseAddrPort("10.0.0.1:6881")}
)

func TestAnnounceAsksTheStoreWithThePlace(t *testing.T) {
	store := &fakeStore{handout: Handout{Active: true, Complete: 1, Incomplete: 2, Downloaded: 3, Peers: make([]Peer, 4)}}
	place := Place{Location: "dc1/r1", Hostname: "host1"}
	resp, err := New(store, fakeLocator{place: place}, nil, rules, intervals).Announce(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	if store.asked.Place != place || store.asked.Rules != rules || store.asked.Addr != request.Addr {
		t.Errorf("asked %+v", store.asked)
	}
	if resp.Complete != 1 || resp.Incomplete != 2 || resp.Downloaded != 3 || len(resp.Peers) != 4 ||
		resp.ExternalIP != request.Addr.Addr() || resp.Warning != "" {
		t.Errorf("answered %+v", resp)
	}
}

type fakeProber struct{ watched []Check }

func (p *fakeProber) Watch(checks []Check) { p.watched = append(p.watched, checks...) }

func TestAnnounceHandsChecksOn(t *testing.T) {
	check := Check{Addr: request.Addr, Claimed: 1}
	prober := &fakeProber{}
	store := &fakeStore{handout: Handout{Active: true, Checks: []Check{check}}}
	if _, err := New(store, fakeLocator{}, prober, rules, intervals).Announce(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	if len(prober.watched) != 1 || prober.watched[0] != check {
		t.Errorf("watched %v", prober.watched)
	}
}

// Who is to ask again in some seconds gets no peers.
func TestAnnounceDeferred(t *testing.T) {
	check := Check{Addr: request.Addr, Claimed: 1}
	prober := &fakeProber{}
	store := &fakeStore{handout: Handout{Active: true, Defer: true, Peers: make([]Peer, 4), Checks: []Check{check}}}
	resp, err := New(store, fakeLocator{}, prober, rules, intervals).Announce(context.Background(), request)
	if !errors.Is(err, ErrTooEarly) || len(resp.Peers) != 0 || len(prober.watched) != 1 {
		t.Errorf("%+v, %v; watched %v", resp, err, prober.watched)
	}
}

// A host that names both of its addresses is located by the IPv4 one, whichever it asks from.
func TestAnnounceOfBothFamilies(t *testing.T) {
	four, six := netip.MustParseAddrPort("10.0.0.1:6881"), netip.MustParseAddrPort("[2001:db8::1]:6881")
	for _, req := range []AnnounceRequest{{Addr: four, Also: six}, {Addr: six, Also: four}} {
		store := &fakeStore{}
		resp, err := New(store, locatorByFamily{}, nil, rules, intervals).Announce(context.Background(), req)
		if err != nil || store.asked.Addr != four || store.asked.Also != six || store.asked.Location != "four" {
			t.Errorf("%v: asked %+v, %v", req.Addr, store.asked, err)
		}
		if resp.ExternalIP != req.Addr.Addr() {
			t.Errorf("external ip %v, expected %v", resp.ExternalIP, req.Addr.Addr())
		}
	}
}

// A host at an address that no host can have is recorded nowhere, by whichever way it came.
func TestAnnounceFromNowhere(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:6881", "224.0.0.1:6881", "255.255.255.255:6881", "[::]:6881", "[ff02::1]:6881"} {
		store := &fakeStore{}
		req := AnnounceRequest{Addr: netip.MustParseAddrPort(addr)}
		_, err := New(store, fakeLocator{}, nil, rules, intervals).Announce(context.Background(), req)
		if !errors.Is(err, errAddress) || store.asked.Addr.IsValid() {
			t.Errorf("%s: %v; asked %+v", addr, err, store.asked)
		}
	}
}

type locatorByFamily struct{}

func (locatorByFamily) Locate(_ context.Context, ip netip.Addr) (Place, error) {
	if ip.Is4() {
		return Place{Location: "four"}, nil
	}
	return Place{Location: "six"}, nil
}

// R10, and words on which clients give a tracker up.
func TestAnnounceInactive(t *testing.T) {
	resp, err := New(&fakeStore{}, fakeLocator{}, nil, rules, intervals).Announce(context.Background(), request)
	if err != nil || len(resp.Peers) != 0 || resp.Interval < 285*time.Second || resp.Warning == "" {
		t.Errorf("%+v, %v", resp, err)
	}
	for _, words := range []string{"unregistered", "not registered", "cannot be found"} {
		if strings.Contains(resp.Warning, words) {
			t.Errorf("warning %q", resp.Warning)
		}
	}
}

// R11: a host that cannot be located is recorded nowhere.
func TestAnnounceUnknownLocation(t *testing.T) {
	store := &fakeStore{}
	_, err := New(store, fakeLocator{err: ErrLocationUnknown}, nil, rules, intervals).Announce(context.Background(), request)
	if !errors.Is(err, ErrLocationUnknown) || store.asked.Addr.IsValid() {
		t.Errorf("%v, asked %+v", err, store.asked)
	}
}

func TestIntervalsAreSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 1000 {
		interval, minimum := spread(100 * time.Second)
		if minimum > interval || interval < 95*time.Second || interval > 105*time.Second {
			t.Fatalf("interval %v, minimum %v", interval, minimum)
		}
		seen[interval.Truncate(time.Second)] = true
	}
	if len(seen) < 8 {
		t.Errorf("only %d different intervals", len(seen))
	}
}

func TestFailureOf(t *testing.T) {
	for _, test := range []struct {
		err     error
		reason  string
		never   bool
		outcome Outcome
	}{
		{ClientError("port must be 1 to 65535"), "port must be 1 to 65535", true, OutcomeRefused},
		{ErrEnded, "unregistered torrent: this transfer has ended", true, OutcomeEnded},
		{ErrBusy, "tracker is busy", false, OutcomeShed},
		{ErrLate, "tracker is busy", false, OutcomeFailed},
		{ErrTooEarly, "nobody in this rack has anything yet", false, OutcomeDeferred},
		{ErrCrowded, "too many hosts at this address", false, OutcomeRefused},
		{ErrLocationUnknown, "location of this host is not known yet", false, OutcomeFailed},
		{ErrNotTrusted, "X-Forwarded-For from an address that TRUSTED_PROXIES does not name", false, OutcomeFailed},
		{ErrNoClient, "the proxy's X-Forwarded-For does not tell the client's address", false, OutcomeFailed},
		{ErrForgotten, "tracker lost its data and waits for this transfer", false, OutcomeFailed},
		{ErrUnavailable, "tracker cannot reach its store now", false, OutcomeFailed},
		{StoreError("Redis is full"), "tracker cannot reach its store now", false, OutcomeFailed},
		{context.Canceled, "internal error", false, OutcomeFailed},
		{errors.New("secret"), "internal error", false, OutcomeFailed},
		{context.DeadlineExceeded, "internal error", false, OutcomeFailed},
		{ErrNotFound, "internal error", false, OutcomeFailed},
	} {
		f := FailureOf(fmt.Errorf("x: %w", test.err))
		level := slog.LevelDebug
		if test.reason == "internal error" && test.err != context.Canceled { // nobody foresaw it
			level = slog.LevelError
		}
		if f.Reason != test.reason || f.Never != test.never || f.Outcome != test.outcome || f.Level != level {
			t.Errorf("%v: %+v", test.err, f)
		}
		if !f.Never && (f.Interval < 10*time.Second || f.Interval > 20*time.Second) {
			t.Errorf("%v: back after %v", test.err, f.Interval)
		}
	}
}

// Who is told to stop stays away for weeks, and a crowd is not in step for ever.
func TestEnded(t *testing.T) {
	const day = 24 * time.Hour
	resp, failure := EndedResponse(), FailureOf(ErrEnded)
	for _, interval := range []time.Duration{resp.Interval, resp.MinInterval, failure.Interval} {
		if interval < 28*day || interval > 32*day {
			t.Errorf("back after %v", interval)
		}
	}
	if resp.Warning == "" || strings.Contains(resp.Warning, "registered") || len(resp.Peers) != 0 {
		t.Errorf("%+v", resp)
	}
}

func TestLocationWithin(t *testing.T) {
	for group, want := range map[Location]bool{
		"": true, "dc1": true, "dc1/row3": true, "dc1/row3/r17": true,
		"dc": false, "dc1/row": false, "row3": false, "dc1/row3/r1": false, "dc1/row3/r17/x": false, "dc2": false,
	} {
		if got := Location("dc1/row3/r17").Within(group); got != want {
			t.Errorf("within %q: %v", group, got)
		}
	}
}

func TestParseInfoHash(t *testing.T) {
	const digits = "0123456789ABCDEF0123456789abcdef01234567"
	hash, err := ParseInfoHash(digits)
	if err != nil || hash.String() != strings.ToUpper(digits) {
		t.Errorf("%v, %v", hash, err)
	}
	for _, bad := range []string{"", digits[1:], digits + "0", "x" + digits[1:]} {
		if _, err := ParseInfoHash(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestProgress(t *testing.T) {
	for _, test := range []struct {
		progress Progress
		length   uint64
		percent  string
	}{
		{Progress{}, 100, "0.00%"},
		{Progress{Hosts: 3, Done: 2, Left: 100}, 100, "66.67%"},
		{Progress{Hosts: 2, Done: 2}, 100, "100.00%"},
		{Progress{Hosts: 2, Done: 1, Unknown: 1}, 100, "50.00%"},
		{Progress{Hosts: 100000, Done: 99999, Left: 1}, 100, "99.99%"},
		{Progress{Hosts: 1, Left: 500}, 100, "0.00%"},
		{Progress{Hosts: 2, Done: 1}, 0, "50.00%"},
	} {
		if got := Percent(test.progress.Share(test.length)); got != test.percent {
			t.Errorf("%+v of %d: %s, expected %s", test.progress, test.length, got, test.percent)
		}
	}
}

func TestEventsAreThoseOfBEP15(t *testing.T) {
	for number, word := range []string{"", "completed", "started", "stopped", "paused"} {
		if e := ParseEvent(word); int(e) != number || e.String() != word {
			t.Errorf("%q is %d, %q", word, e, e)
		}
	}
	if e := ParseEvent("exploded"); e != EventNone {
		t.Errorf("an unknown word is %q", e)
	}
}

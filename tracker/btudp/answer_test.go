package btudp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/p2ptracker/p2ptracker/tracker"
)

var testNow = time.Unix(1_800_000_000, 0)

// exchange is what one packet brings, all told.
func exchange(s *Server, packet []byte) []byte {
	reply, r := s.receive(nil, packet, client4, testNow)
	if r == nil {
		return reply
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.Timeout)
	defer cancel()
	return s.answer(ctx, nil, r)
}

func goodID() uint64 {
	id, _ := makeID(someSecret, testNow, client4)
	return id
}

// Each packet has an outcome, which is counted once, and a reply or none.
func TestOutcomes(t *testing.T) {
	good := func(packet []byte) []byte { return with(goodID(), packet) }
	for _, test := range []struct {
		name   string
		packet []byte
		want   tracker.Outcome
		reply  string // how it begins
	}{
		{"connect", connectPacket, connected, "\x00\x00\x00\x00conn"},
		{"connect, and more", append(bytes.Clone(connectPacket), 1, 2, 3), connected, "\x00\x00\x00\x00conn"},
		{"connect, cut off", connectPacket[:15], foreign, ""},
		{"connect by another protocol", unhex(`00000417 27101981  00000000  636f6e6e`), foreign, ""},
		{"connect with a connection id", good(connectPacket), foreign, ""},
		{"nothing", nil, foreign, ""},
		{"announce", good(unhex(announce)), tracker.OutcomeAnnounced, "\x00\x00\x00\x01txid"},
		{"scrape", good(scrapePacket(1)), tracker.OutcomeScraped, "\x00\x00\x00\x02txid"},
		{"announce, cut off", good(unhex(announce)[:97]), tracker.OutcomeRefused, "\x00\x00\x00\x03txid" + string(errAnnounceSize)},
		{"announce with half an option", good(unhex(announce + `0209`)), tracker.OutcomeAnnounced, "\x00\x00\x00\x01txid"},
		{"scrape with half an option", good(append(scrapePacket(1), 2, 9)), tracker.OutcomeScraped, "\x00\x00\x00\x02txid"},
		{"scrape of nothing", good(scrapePacket()), tracker.OutcomeRefused, "\x00\x00\x00\x03txid" + string(errScrapeAll)},
		{"an action of replies", good(unhex(`00000000 00000000  00000003  74786964`)), tracker.OutcomeRefused, "\x00\x00\x00\x03txid" + string(errAction)},
		{"an action nobody knows", good(unhex(`00000000 00000000  ffffffff  74786964`)), tracker.OutcomeRefused, "\x00\x00\x00\x03txid" + string(errAction)},
		{"announce of a stranger", unhex(announce), unproven, "\x00\x00\x00\x03txidconnection id expired"},
		{"scrape of a stranger", scrapePacket(1), unproven, "\x00\x00\x00\x03txidconnection id expired"},
		{"less than an error would be", unhex(announce)[:28], unproven, ""},
		{"as much as an error is", unhex(announce)[:29], unproven, "\x00\x00\x00\x03txidconnection id expired"},
		{"announce with the protocol's id", with(protocolID, unhex(announce)), unproven, "\x00\x00\x00\x03txid"},
		{"announce with id 0", with(0, unhex(announce)), unproven, "\x00\x00\x00\x03txid"},
	} {
		s := newTestServer(&fixedSwarm{})
		reply := exchange(s, test.packet)
		if !strings.HasPrefix(string(reply), test.reply) || (len(reply) == 0) != (test.reply == "") {
			t.Errorf("%s: reply is %q", test.name, reply)
		}
		checkCounts(t, test.name, s, test.want)
	}
}

// checkCounts holds that one packet was counted, as what.
func checkCounts(t *testing.T, name string, s *Server, want tracker.Outcome) {
	t.Helper()
	for o, counter := range s.metrics.packets {
		expected := 0.0
		if tracker.Outcome(o) == want {
			expected = 1
		}
		if n := testutil.ToFloat64(counter); n != expected {
			t.Errorf("%s: %v packets %s", name, n, outcomeName(tracker.Outcome(o)))
		}
	}
}

// An id of one server is good at another, that shares nothing with it but the secret.
func TestConnectionIDsOfOtherFrontends(t *testing.T) {
	id := be64(exchange(newTestServer(&fixedSwarm{}), connectPacket)[8:])
	if reply := exchange(newTestServer(&fixedSwarm{}), with(id, unhex(announce))); be32(reply) != actionAnnounce {
		t.Errorf("reply is %q", reply)
	}
	stranger := New(&fixedSwarm{}, fixedSecrets{9}, Options{Timeout: patience}, quiet)
	checkError(t, exchange(stranger, with(id, unhex(announce))), textUnproven)
}

// While there is no secret clients are told to come back, in no more bytes than they sent.
func TestNoSecretYet(t *testing.T) {
	s := New(&fixedSwarm{}, fixedSecrets{}, Options{Timeout: patience}, quiet)
	reply := exchange(s, connectPacket)
	if string(reply) != "\x00\x00\x00\x03connnot yet" || len(reply) > len(connectPacket) {
		t.Errorf("reply is %q", reply)
	}
	checkCounts(t, "connect", s, unready)
	checkError(t, exchange(s, with(goodID(), unhex(announce))), textUnproven)
}

func TestFailures(t *testing.T) {
	const secret = "redis at 10.0.0.9"
	for _, test := range []struct {
		name    string
		err     error
		reason  string
		outcome tracker.Outcome
		level   string // that it is logged at
	}{
		{"the request's fault", fmt.Errorf("%s: %w", secret, tracker.ClientError("not here")), "not here", tracker.OutcomeRefused, "DEBUG"},
		{"store away", fmt.Errorf("%s: %w", secret, tracker.ErrUnavailable), "tracker cannot reach its store now", tracker.OutcomeFailed, "DEBUG"},
		{"location not known", fmt.Errorf("%s: %w", secret, tracker.ErrLocationUnknown), "location of this host is not known yet", tracker.OutcomeFailed, "DEBUG"},
		{"address full", fmt.Errorf("%s: %w", secret, tracker.ErrCrowded), "too many hosts at this address", tracker.OutcomeRefused, "DEBUG"},
		{"too early", fmt.Errorf("%s: %w", secret, tracker.ErrTooEarly), "nobody in this rack has anything yet", tracker.OutcomeDeferred, "DEBUG"},
		{"server stops", fmt.Errorf("%s: %w", secret, context.Canceled), "internal error", tracker.OutcomeFailed, "DEBUG"},
		{"anything else", errors.New(secret), "internal error", tracker.OutcomeFailed, "ERROR"},
	} {
		for _, packet := range [][]byte{unhex(announce), scrapePacket(1)} {
			var logged bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s := New(&fixedSwarm{err: test.err}, someSecret, Options{Timeout: patience}, log)
			checkError(t, exchange(s, with(goodID(), packet)), test.reason)
			checkCounts(t, test.name, s, test.outcome)
			if line := logged.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "level="+test.level) ||
				!strings.Contains(line, secret) || !strings.Contains(line, " client=192.0.2.7") {
				t.Errorf("%s: logged %q", test.name, line)
			}
		}
	}
}

// Whoever knows how to make announces fail does not fill the log.
func TestFailuresAreLoggedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		s := New(&fixedSwarm{err: errors.New("WRONGTYPE")}, someSecret, Options{Timeout: patience}, slog.New(slog.NewTextHandler(&logged, nil)))
		ask := func() string {
			logged.Reset()
			checkError(t, exchange(s, with(goodID(), unhex(announce))), "internal error")
			return logged.String()
		}
		if line := ask(); !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "error=WRONGTYPE client=192.0.2.7 suppressed=0\n") {
			t.Errorf("logged %q", line)
		}
		for range 50 {
			if line := ask(); line != "" {
				t.Errorf("logged %q within a minute", line)
			}
		}
		time.Sleep(time.Minute)
		if line := ask(); !strings.Contains(line, "suppressed=50") {
			t.Errorf("a minute later: logged %q", line)
		}
	})
}

// Who is told to stop gets a reply without peers that keeps away for weeks: an error would not.
func TestEnded(t *testing.T) {
	s := newTestServer(&fixedSwarm{err: fmt.Errorf("announce: %w", tracker.ErrEnded)})
	reply := exchange(s, with(goodID(), unhex(announce)))
	if len(reply) != announceHead || be32(reply) != actionAnnounce || be32(reply[8:]) < 28*24*3600 || be64(reply[12:]) != 0 {
		t.Errorf("reply is %x", reply)
	}
	checkCounts(t, "ended", s, tracker.OutcomeEnded)
}

// panickingSwarm is a tracker with a fault.
type panickingSwarm struct{ fixedSwarm }

func (*panickingSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	panic("a fault of the program")
}

func TestPanicEndsOneRequestOnly(t *testing.T) {
	var logged bytes.Buffer
	s := New(&panickingSwarm{}, someSecret, Options{Timeout: patience}, slog.New(slog.NewTextHandler(&logged, nil)))
	checkError(t, exchange(s, with(goodID(), unhex(announce))), "internal error")
	checkCounts(t, "panic", s, tracker.OutcomeFailed)
	if !strings.Contains(logged.String(), "level=ERROR") {
		t.Errorf("logged %q", logged.String())
	}
}

// What is answered at once costs no memory; a request costs itself, and its key's digits.
func TestAllocations(t *testing.T) {
	s := newTestServer(&fixedSwarm{})
	buffer := make([]byte, 0, maxReply)
	stranger, asked, scrape := unhex(announce), with(goodID(), unhex(announce)), with(goodID(), scrapePacket(1, 2, 3))
	resp := tracker.AnnounceResponse{Peers: fixedPeers}
	hashes, entries := make([]tracker.InfoHash, maxScrape), make([]tracker.ScrapeEntry, 1)
	for _, test := range []struct {
		name string
		run  func()
		want float64
	}{
		{"connect", func() { s.receive(buffer, connectPacket, client4, testNow) }, 0},
		{"announce of a stranger", func() { s.receive(buffer, stranger, client6, testNow) }, 0},
		{"announce", func() { s.receive(buffer, asked, client4, testNow) }, 2},
		{"scrape", func() { s.receive(buffer, scrape, client4, testNow) }, 2},
		{"parse an announce", func() { ParseAnnounce(asked, client4) }, 1},
		{"write an announce", func() { AppendAnnounce(buffer, txid, client4, resp) }, 0},
		{"write a scrape", func() { AppendScrape(buffer, txid, hashes, entries) }, 0},
		{"write an error", func() { AppendError(buffer, txid, textUnproven) }, 0},
	} {
		if got := testing.AllocsPerRun(100, test.run); got > test.want {
			t.Errorf("%s: %g allocations", test.name, got)
		}
	}
}

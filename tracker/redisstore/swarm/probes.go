package swarm

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Probing goes on by itself once a frontend was told of a representative. Those that a
// frontend leaves behind when it ends are looked for within announces, by each frontend
// once in an interval for each rack.

const scansKept = 100_000 // racks of transfers; about 10 MB

// scanKey is what is done once in an interval for a rack of a transfer.
type scanKey struct {
	hash  tracker.InfoHash
	rack  tracker.Location
	waits bool // it is logged that the rack waits, see publishWait
}

func newScans() *otter.Cache[scanKey, time.Duration] {
	return otter.Must(&otter.Options[scanKey, time.Duration]{
		MaximumSize: scansKept,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[scanKey, time.Duration]) time.Duration {
			return e.Value
		}),
	})
}

// scansForProbes says whether this announce is to look.
func (s *Swarm) scansForProbes(a tracker.Announce) bool {
	if a.ProbeInterval <= 0 {
		return false
	}
	_, first := s.scans.SetIfAbsent(scanKey{hash: a.InfoHash, rack: a.Location}, a.ProbeInterval)
	return first
}

var probeScript = client.NewScript("probe")

// ReportProbe tells how the probe of a representative ended and how long it took. If the
// frontend is to go on with it, next is its new claim. A representative that is dead has
// lost its places.
func (s *Swarm) ReportProbe(
	ctx context.Context, c tracker.Check, took time.Duration, alive bool, rules tracker.Rules,
) (next tracker.Check, verdict tracker.Verdict, err error) {
	r, err := s.redis.Run(ctx, probeScript, probeCall(c, s.redis.Now(), took, alive, rules.ProbeInterval), 1)
	if err != nil {
		return c, 0, err
	}
	e, err := readEffects(r.Values[0], c.InfoHash)
	if err != nil {
		return c, 0, fmt.Errorf("script probe: effects: %w", err)
	}
	s.follow(e, tracker.Announce{Rules: rules})
	verdict = verdicts[r.Status]
	if verdict != tracker.ProbeAgain {
		return c, verdict, nil
	}
	if len(e.checks) != 1 {
		return c, 0, fmt.Errorf("script probe: %d claims", len(e.checks))
	}
	return e.checks[0], verdict, nil
}

// verdicts are the statuses of probe.lua.
var verdicts = map[int64]tracker.Verdict{1: tracker.ProbeAgain, 2: tracker.ProbedDead, 3: tracker.ProbeNoMore}

func probeCall(c tracker.Check, now string, took time.Duration, alive bool, interval time.Duration) client.Call {
	k := keys.Of(c.InfoHash)
	return client.Call{
		Keys: []string{k.Registered(), k.Leases(), k.Representatives(), k.Pages(), k.Summary(), k.Peer(c.Addr)},
		Args: []string{
			now, c.Addr.String(), strconv.FormatInt(c.Claimed, 10),
			strconv.Itoa(int(math.Ceil(took.Seconds()))), client.Flag(alive), client.Seconds(interval),
		},
	}
}

package shared

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Locations remembers, for all frontends, what the location sources said last of each
// host. Its keys are global, so it gets by with plain commands that may be repeated:
// one that is lost costs a question to the sources, no more.
type Locations struct {
	redis *client.Client
	keep  time.Duration
}

// NewLocations keeps each location for so long (LOCATION_MAX_STALE) after it was said;
// whole seconds, one at least.
func NewLocations(redis *client.Client, keep time.Duration) *Locations {
	return &Locations{redis: redis, keep: keep}
}

var momentScript = client.NewScript("moment")

// Recall returns what was said last of a host, and the present moment. A host that is
// not known, or whose key holds what is no location, has no Location.
func (l *Locations) Recall(ctx context.Context, ip netip.Addr) (tracker.Located, tracker.Moment, error) {
	now, err := l.moment(ctx)
	if err != nil {
		return tracker.Located{}, tracker.Moment{}, err
	}
	text, err := l.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(keys.Location(ip)).Build()
	}).ToString()
	if err != nil {
		err = client.MapError(err)
		if errors.Is(err, tracker.ErrUnavailable) {
			return tracker.Located{}, tracker.Moment{}, err
		}
		text = "" // no such key, or no string
	}
	last, _ := parseLocated(text) // what cannot be read is not known, and overwritten soon
	last.IP = ip
	return last, now, nil
}

// moment reads the clock and the generation.
func (l *Locations) moment(ctx context.Context) (now tracker.Moment, err error) {
	r, err := l.redis.Run(ctx, momentScript, momentCall(), 3)
	if err != nil {
		return tracker.Moment{}, err
	}
	if now.Generation, err = readGeneration(r.Values[0].ToString()); err != nil {
		return tracker.Moment{}, err
	}
	var clock [2]int64
	for i := range clock {
		if clock[i], err = r.Values[1+i].AsInt64(); err != nil {
			return tracker.Moment{}, fmt.Errorf("time of redis: %w", err)
		}
	}
	now.Time = l.redis.Clock(time.Unix(clock[0], clock[1]*int64(time.Microsecond)))
	return now, nil
}

func momentCall() client.Call { return client.Call{Keys: []string{keys.LocationGeneration}} }

// Remember replaces what was said of hosts, in their order, and forgets those without a
// Location.
func (l *Locations) Remember(ctx context.Context, hosts []tracker.Located) error {
	_, err := l.redis.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		commands := make([]rueidis.Completed, len(hosts))
		for i, host := range hosts {
			key := keys.Location(host.IP)
			if host.Location == "" {
				commands[i] = b.Del().Key(key).Build()
			} else {
				commands[i] = b.Set().Key(key).Value(formatLocated(host)).Ex(l.keep).Build()
			}
		}
		return commands
	})
	return err
}

// Generation says how often NextGeneration was called; 0 also if Redis lost its data.
func (l *Locations) Generation(ctx context.Context) (int64, error) {
	return readGeneration(l.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(keys.LocationGeneration).Build()
	}).ToString())
}

// NextGeneration adds one to the generation, and returns it.
func (l *Locations) NextGeneration(ctx context.Context) (int64, error) {
	generation, err := l.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Incr().Key(keys.LocationGeneration).Build()
	}).AsInt64()
	if err != nil {
		return 0, fmt.Errorf("next generation of locations: %w", client.MapError(err))
	}
	return generation, nil
}

func readGeneration(text string, err error) (int64, error) {
	if rueidis.IsRedisNil(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("generation of locations: %w", client.MapError(err))
	}
	generation, err := parseNumber(text)
	if err != nil {
		return 0, fmt.Errorf("generation of locations: %w", err)
	}
	return generation, nil
}

// parseNumber reads a whole number that is not negative.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err
}

// formatLocated writes "ASKED GENERATION CHAIN PATH HOSTNAME": when the sources were
// asked, in unix seconds rounded down, the generation then, and which sources they were.
// The hostname may hold blanks, or be empty.
func formatLocated(host tracker.Located) string {
	return fmt.Sprintf("%d %d %s %s %s", host.Asked.Time.Unix(), host.Asked.Generation, host.Chain, string(host.Location), host.Hostname)
}

var errLocated = errors.New("no location as we write it")

// parseLocated reads what formatLocated wrote, but for the address.
func parseLocated(text string) (tracker.Located, error) {
	fields := strings.SplitN(text, " ", 5)
	if len(fields) != 5 {
		return tracker.Located{}, errLocated
	}
	asked, askedErr := parseNumber(fields[0])
	generation, generationErr := parseNumber(fields[1])
	location, locationErr := tracker.ReadLocation(fields[3])
	if err := errors.Join(askedErr, generationErr, locationErr); err != nil {
		return tracker.Located{}, err
	}
	return tracker.Located{
		Place: tracker.Place{Location: location, Hostname: fields[4]},
		Asked: tracker.Moment{Time: time.Unix(asked, 0), Generation: generation},
		Chain: fields[2],
	}, nil
}

package shared

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Setting is one that must be alike on all frontends.
type Setting struct {
	Name   string // one word
	Value  string // no secret: all who may read Redis see it
	Breaks string // what another value breaks
}

const (
	settingsInterval = 10 * time.Second       // between two times that a frontend says its settings
	settingsRetry    = 100 * time.Millisecond // likewise, until it could say them first
	settingsKept     = 40 * time.Second       // after a frontend said them last
)

// Settings compares those of all frontends.
type Settings struct {
	redis  *client.Client
	log    *slog.Logger
	differ *prometheus.GaugeVec // by setting: 1 if another frontend has another value
}

// NewSettings returns one that counts what differs with a registerer, or for nobody if it is nil.
func NewSettings(redis *client.Client, registerer prometheus.Registerer, log *slog.Logger) *Settings {
	return &Settings{redis, log, promauto.With(registerer).NewGaugeVec(prometheus.GaugeOpts{
		Name: "p2ptracker_settings_differ",
		Help: "1 if another frontend has another value of this setting, which must be alike on all; else 0.",
	}, []string{"setting"})}
}

var settingsScript = client.NewScript("settings")

// comparison holds a frontend's settings against those that the others say.
type comparison struct {
	*Settings
	frontend string // one word: the host's name, and what tells frontends on it apart
	settings []Setting
	told     map[string]string // by name: what others have, as logged last; empty: the same
}

// Compare holds settings against those of all other frontends, in the background until it is ended:
// one that differs is logged and counted by this frontend and by the others.
func (s *Settings) Compare(settings []Setting) (end func()) {
	ctx, stop := context.WithCancel(context.Background())
	c := s.newComparison(settings)
	var running sync.WaitGroup
	running.Go(func() { c.run(ctx) })
	return func() {
		stop()
		running.Wait()
	}
}

func (s *Settings) newComparison(settings []Setting) *comparison {
	name, _ := os.Hostname()
	c := &comparison{s, strings.Join(strings.Fields(name), "") + "/" + rand.Text()[:8], settings, map[string]string{}}
	for _, setting := range settings {
		s.differ.WithLabelValues(setting.Name)
	}
	return c
}

// run compares in an interval. That Redis cannot be asked is logged by watch; what else may be wrong
// is, once.
func (c *comparison) run(ctx context.Context) {
	wait := settingsRetry
	var last string
	for {
		err := c.compare(ctx)
		switch {
		case ctx.Err() != nil:
			c.forget()
			return
		case err == nil:
			wait = settingsInterval
		case !errors.Is(err, tracker.ErrUnavailable) && err.Error() != last:
			last = err.Error()
			c.log.Error("settings cannot be compared with those of other frontends", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// lines are the settings as they are kept: FRONTEND NAME VALUE.
func (c *comparison) lines() []string {
	lines := make([]string, len(c.settings))
	for i, s := range c.settings {
		lines[i] = c.frontend + " " + s.Name + " " + s.Value
	}
	return lines
}

// compare says the settings, and hears those of the others.
func (c *comparison) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.redis.Timeout())
	defer cancel()
	r, err := c.redis.Run(ctx, settingsScript, settingsCall(c.lines(), c.redis.Now()), 0)
	if err != nil {
		return err
	}
	said := map[string][]string{} // by name: VALUE (HOST)
	for _, value := range r.Values {
		line, err := value.ToString()
		if err != nil {
			return err
		}
		words := strings.SplitN(line, " ", 3)
		if len(words) == 3 && words[0] != c.frontend {
			host, _, _ := strings.Cut(words[0], "/")
			said[words[1]] = append(said[words[1]], words[2]+" ("+host+")")
		}
	}
	for _, setting := range c.settings {
		c.judge(setting, said[setting.Name])
	}
	return nil
}

// judge logs and counts whether a setting differs from what others say.
func (c *comparison) judge(setting Setting, others []string) {
	others = slices.DeleteFunc(others, func(said string) bool { return strings.HasPrefix(said, setting.Value+" (") })
	slices.Sort(others)
	differ := strings.Join(slices.Compact(others), ", ")
	if differ == c.told[setting.Name] {
		return
	}
	c.told[setting.Name] = differ
	gauge := c.differ.WithLabelValues(setting.Name)
	if differ == "" {
		gauge.Set(0)
		c.log.Info("setting is alike on all frontends again", "setting", setting.Name, "value", setting.Value)
		return
	}
	gauge.Set(1)
	c.log.Warn("SETTING DIFFERS FROM OTHER FRONTENDS, and must not", "setting", setting.Name,
		"here", setting.Value, "there", differ, "breaks", setting.Breaks)
}

// forget takes the settings back: one that starts again with others does not differ from itself.
func (c *comparison) forget() {
	ctx, cancel := context.WithTimeout(context.Background(), c.redis.Timeout())
	defer cancel()
	_ = c.redis.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Zrem().Key(keys.Settings).Member(c.lines()...).Build()
	}) // else they expire
}

func settingsCall(lines []string, now string) client.Call {
	return client.Call{
		Keys: []string{keys.Settings},
		Args: []string{now, client.Seconds(settingsKept), strings.Join(lines, "\n")},
	}
}

package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
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

// comparison holds a frontend's settings against those that the others say.
type comparison struct {
	store    *Store
	frontend string // one word: the host's name, and what tells frontends on it apart
	settings []Setting
	differ   map[string]string // by name: what others have, as logged last; empty: the same
}

// Compare holds settings against those of all other frontends, in the background until it is ended:
// one that differs is logged and counted by this frontend and by the others.
func (s *Store) Compare(settings []Setting) (end func()) {
	ctx, stop := context.WithCancel(context.Background())
	c := s.newComparison(settings)
	var running sync.WaitGroup
	running.Go(func() { c.run(ctx) })
	return func() {
		stop()
		running.Wait()
	}
}

func (s *Store) newComparison(settings []Setting) *comparison {
	name, _ := os.Hostname()
	c := &comparison{s, strings.Join(strings.Fields(name), "") + "/" + rand.Text()[:8], settings, map[string]string{}}
	for _, setting := range settings {
		s.metrics.differ.WithLabelValues(setting.Name)
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
			c.store.log.Error("settings cannot be compared with those of other frontends", "error", err)
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
	ctx, cancel := context.WithTimeout(ctx, c.store.opts.Timeout)
	defer cancel()
	r, err := c.store.run(ctx, settingsScript, settingsCall(c.lines(), c.store.now()), 0)
	if err != nil {
		return err
	}
	said := map[string][]string{} // by name: VALUE (HOST)
	for _, value := range r.values {
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
	if differ == c.differ[setting.Name] {
		return
	}
	c.differ[setting.Name] = differ
	gauge := c.store.metrics.differ.WithLabelValues(setting.Name)
	if differ == "" {
		gauge.Set(0)
		c.store.log.Info("setting is alike on all frontends again", "setting", setting.Name, "value", setting.Value)
		return
	}
	gauge.Set(1)
	c.store.log.Warn("SETTING DIFFERS FROM OTHER FRONTENDS, and must not", "setting", setting.Name,
		"here", setting.Value, "there", differ, "breaks", setting.Breaks)
}

// forget takes the settings back: one that starts again with others does not differ from itself.
func (c *comparison) forget() {
	ctx, cancel := context.WithTimeout(context.Background(), c.store.opts.Timeout)
	defer cancel()
	_ = c.store.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Zrem().Key(keys.Settings).Member(c.lines()...).Build()
	}) // else they expire
}

func settingsCall(lines []string, now string) scriptCall {
	return scriptCall{
		keys: []string{keys.Settings},
		args: []string{now, seconds(settingsKept), strings.Join(lines, "\n")},
	}
}

package swarm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/shared"
)

// scrapesAtOnce are sent together; rueidis writes them in one go.
const scrapesAtOnce = 64

var scrapeScript = client.NewScript("scrape")

// Scrape implements tracker.Store, with a script call for each hash.
func (s *Swarm) Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	if len(hashes) == 0 {
		var err error
		if hashes, err = shared.Hashes(ctx, s.redis, keys.ActiveTransfers); err != nil {
			return nil, err
		}
	}
	var entries []tracker.ScrapeEntry
	for part := range slices.Chunk(hashes, scrapesAtOnce) {
		replies := make([]client.Reply, len(part))
		errs := make([]error, len(part))
		var calls sync.WaitGroup
		for i, hash := range part {
			calls.Go(func() { replies[i], errs[i] = s.redis.Run(ctx, scrapeScript, scrapeCall(hash), scrapeValues) })
		}
		calls.Wait()
		for i, hash := range part {
			entry, active, err := readScrape(hash, replies[i], errs[i])
			if err != nil {
				return nil, err
			}
			if active {
				entries = append(entries, entry)
			}
		}
	}
	return entries, nil
}

func scrapeCall(hash tracker.InfoHash) client.Call {
	k := keys.Of(hash)
	return client.Call{Keys: []string{k.Registered(), k.Summary(), k.Paused()}}
}

const scrapeValues = 2

func readScrape(hash tracker.InfoHash, r client.Reply, err error) (entry tracker.ScrapeEntry, active bool, _ error) {
	if err != nil || r.Status == 0 {
		return entry, false, err
	}
	c, err := readSummary(r)
	if err != nil {
		return entry, false, err
	}
	paused, err := r.Values[1].AsInt64()
	if err != nil {
		return entry, false, fmt.Errorf("script %s: paused: %w", r.Script, err)
	}
	return tracker.ScrapeEntry{
		InfoHash: hash, Complete: c.complete, Incomplete: c.incomplete, Downloaded: c.downloaded,
		Downloaders: c.incomplete - int(paused),
	}, true, nil
}

// counts are those of R9, and how many completed.
type counts struct{ complete, incomplete, downloaded int }

// readSummary reads the first value of a reply: "OLDEST COMPLETE INCOMPLETE DOWNLOADED".
func readSummary(r client.Reply) (c counts, err error) {
	text, err := r.Values[0].ToString()
	if err != nil {
		return counts{}, fmt.Errorf("script %s: summary: %w", r.Script, err)
	}
	_, rest, _ := strings.Cut(text, " ")
	complete, rest, _ := strings.Cut(rest, " ")
	incomplete, downloaded, _ := strings.Cut(rest, " ")
	var errs [3]error
	c.complete, errs[0] = strconv.Atoi(complete)
	c.incomplete, errs[1] = strconv.Atoi(incomplete)
	c.downloaded, errs[2] = strconv.Atoi(downloaded)
	if err := errors.Join(errs[:]...); err != nil {
		return counts{}, fmt.Errorf("script %s: summary %q: %w", r.Script, text, err)
	}
	return c, nil
}

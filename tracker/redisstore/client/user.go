package client

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var readyScript = NewScript("ready")

// proofInterval is how long it is believed that the user may do all that we do.
const proofInterval = 30 * time.Second

var errProof = errors.New("the script ready found it missing")

// checkUser finds out, on every server, whether our user may run all commands on all kinds of keys,
// and whether keys may be evicted. It does so now and then, and when a call was refused.
func (r *Redis) checkUser(ctx context.Context, client rueidis.Client) error {
	if now := time.Now(); now.Sub(r.proved) >= proofInterval || r.doubts.since(r.proved) {
		var lacks []string
		for _, node := range client.Nodes() {
			more, err := lacking(ctx, node)
			if err != nil && (lasts(err) || client.Mode() != rueidis.ClientModeCluster) {
				return err
			}
			lacks = append(lacks, more...) // of a cluster, a server that is away is passed over
		}
		if len(lacks) > 0 {
			slices.Sort(lacks)
			return refusalError{refusal{says: missing(slices.Compact(lacks)), lasts: true}, errProof}
		}
		if err := loadScripts(ctx, client); err != nil {
			return err
		}
		r.checkEviction(ctx, client)
		r.proved = now
	}
	return nil
}

// lacking is what the user lacks at one server.
func lacking(ctx context.Context, node rueidis.Client) ([]string, error) {
	const empty = "return {}"
	err := send(ctx, node, node.B().ScriptLoad().Script(empty).Build(), node.B().Eval().Script(empty).Numkeys(0).Build())
	if err != nil {
		return nil, err
	}
	call := readyCall()
	r, err := readReply(readyScript.name, readyScript.lua.Exec(ctx, node, call.Keys, call.Args), 1)
	if err != nil {
		return nil, err
	}
	lacks, err := r.Values[0].AsStrSlice()
	if err != nil {
		return nil, fmt.Errorf("script ready: missing: %w", err)
	}
	return lacks, nil
}

// readyCall names a key of each kind: none of a transfer's, and nothing that is changed.
func readyCall() Call {
	scratch := keys.Of(tracker.InfoHash{}).Key("ready")
	names := []string{
		time.Time{}.Format(time.RFC3339) + ":" + scratch, // of an archive
		keys.Leases("ready"), keys.Location(netip.IPv4Unspecified()), keys.Secret(0), keys.RackHosts("ready"),
		keys.Schema, keys.Data, keys.Lost, keys.Racks, keys.Transfers, keys.ActiveTransfers, keys.Unregistered, keys.Archiving,
		keys.Torrents, keys.LocationGeneration, keys.SelfRegistered, keys.Settings,
	}
	return Call{Args: []string{scratch, strings.Join(names, " ")}}
}

// loadScripts gives every server the scripts it lacks; of a cluster each has its own. One
// that does not answer, such as a replica, is passed over: a script that is missing is sent
// along with its call.
func loadScripts(ctx context.Context, client rueidis.Client) error {
	for _, node := range client.Nodes() {
		if err := MapError(loadInto(ctx, node)); replied(err) {
			return err
		}
	}
	return nil
}

func loadInto(ctx context.Context, node rueidis.Client) error {
	names := slices.Sorted(maps.Keys(lua.All))
	exists := node.B().ScriptExists().Sha1(sha1Of(lua.All[names[0]]))
	for _, name := range names[1:] {
		exists = exists.Sha1(sha1Of(lua.All[name]))
	}
	loaded, err := node.Do(ctx, exists.Build()).AsIntSlice()
	if err != nil || len(loaded) != len(names) {
		return fmt.Errorf("script exists: %d values: %w", len(loaded), err)
	}
	for i, name := range names {
		if loaded[i] != 0 {
			continue
		}
		if err := node.Do(ctx, node.B().ScriptLoad().Script(lua.All[name]).Build()).Error(); err != nil {
			return err
		}
	}
	return nil
}

func sha1Of(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}

// noEviction is the only maxmemory-policy under which Redis drops nothing of a transfer.
const noEviction = "noeviction"

// checkEviction looks whether Redis may drop keys, if it tells, and says so when that changes.
func (r *Redis) checkEviction(ctx context.Context, client rueidis.Client) {
	policy := noEviction
	for _, node := range client.Nodes() {
		info, err := node.Do(ctx, node.B().Info().Section("memory").Build()).ToString()
		_, value, told := strings.Cut(info, "maxmemory_policy:")
		if value, _, _ = strings.Cut(value, "\r\n"); err == nil && told && value != noEviction {
			policy = value
		}
	}
	if last := r.eviction.Swap(&policy); policy != noEviction && (last == nil || *last != policy) {
		r.log.Warn("redis may drop keys: its maxmemory-policy must be "+noEviction, "address", r.opts.Addr, "policy", policy)
	}
}

// Warnings are what an operator should know though the store can be used, in words that anybody may
// read.
func (r *Redis) Warnings() []string {
	if policy := r.eviction.Load(); policy != nil && *policy != noEviction {
		return []string{"Redis may drop keys: its maxmemory-policy is " + *policy + " and must be " + noEviction}
	}
	return nil
}

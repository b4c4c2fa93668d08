package redisstore

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// clock is the time the scripts are given.
type clock struct{ unix atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.unix.Store(1_800_000_000)
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(c.unix.Load(), 0).UTC() }
func (c *clock) Advance(d time.Duration) { c.unix.Add(int64(d / time.Second)) }

// fixture is a store on some Redis, and a plain client to look at the keys.
type fixture struct {
	*Store
	*clock
	raw rueidis.Client
}

// eachStore runs a test on the embedded store, on a real redis-server as the user that
// docs/redis.md describes, and on a real Redis Cluster.
func eachStore(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Run("embedded", func(t *testing.T) {
		embedded, err := StartEmbedded()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(embedded.Close)
		test(t, newEmbeddedFixture(t, embedded))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, newFixture(t, documentedUser(t, redistest.Start(t).Addr)))
	})
	t.Run("cluster", func(t *testing.T) {
		test(t, newFixture(t, testOptions(emptyCluster(t))))
	})
}

func newEmbeddedFixture(tb testing.TB, embedded *Embedded) *fixture {
	opts := testOptions(embedded.Addr())
	opts.Password, opts.Single = embedded.Password(), true
	return newFixture(tb, opts)
}

func newFixture(tb testing.TB, opts Options) *fixture {
	tb.Helper()
	clock := newClock()
	opts.Now = clock.Now
	return &fixture{openStore(tb, opts), clock, openRaw(tb, opts)}
}

func testOptions(addr string) Options {
	return Options{Addr: addr, Timeout: time.Minute, ArchiveTTL: time.Hour} // busy machines are slow
}

// openStore opens a frontend's store and waits until it is ready.
func openStore(tb testing.TB, opts Options) *Store {
	tb.Helper()
	s := Open(opts, slog.New(slog.NewTextHandler(io.Discard, nil)))
	tb.Cleanup(s.Close)
	await(tb, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
	return s
}

func openRaw(tb testing.TB, opts Options) rueidis.Client {
	tb.Helper()
	if opts.Username != "" { // it may do what any test wants
		opts.Password = ""
	}
	raw, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{opts.Addr}, Password: opts.Password, DisableCache: true, ForceSingleClient: opts.Single,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(raw.Close)
	return raw
}

// await polls a condition that must become true, within a generous bound.
func await(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for range 1000 {
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("waited in vain until %s", what)
}

// failer is what a test and a rapid check have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// awaitBackground waits until what an announce left to do is done.
func awaitBackground(t failer, s *Store) {
	t.Helper()
	for range 10_000 {
		if s.background.pending.Load() == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("background tasks are not done")
}

// command sends a command to the plain client.
func (f *fixture) command(words ...string) rueidis.RedisResult {
	return f.raw.Do(context.Background(), f.raw.B().Arbitrary(words...).Build())
}

func (f *fixture) members(key string) []string {
	members, _ := f.command("SMEMBERS", key).AsStrSlice()
	return members
}

func (f *fixture) card(key string) int {
	n, _ := f.command("SCARD", key).AsInt64()
	return int(n)
}

func (f *fixture) keys(pattern string) (keys []string) {
	for _, node := range f.raw.Nodes() {
		part, _ := node.Do(context.Background(), node.B().Keys().Pattern(pattern).Build()).AsStrSlice()
		keys = append(keys, part...)
	}
	return keys
}

func (f *fixture) record(hash tracker.InfoHash, addr netip.AddrPort) map[string]string {
	record, _ := f.command("HGETALL", keys.Of(hash).Peer(addr)).AsStrMap()
	return record
}

const testLength = 1000 // bytes of every test payload

var testRules = tracker.Rules{MaxReprRack: 2, MaxPeers: 30, PeerTTL: 660 * time.Second, AutoRegisterMax: 1000, HostsPerAddress: 256}

func testHash(n byte) tracker.InfoHash { return tracker.InfoHash{0xab, 19: n} }

// registerTransfer makes a transfer active without going through a torrent's file.
func (f *fixture) registerTransfer(tb testing.TB, n byte) tracker.InfoHash {
	tb.Helper()
	torrent := tracker.Torrent{
		Name: fmt.Sprintf("payload-%d", n), InfoHash: testHash(n), Length: testLength, File: []byte("d4:infode"),
	}
	if _, err := f.AddTorrent(context.Background(), torrent); err != nil {
		tb.Fatal(err)
	}
	return torrent.InfoHash
}

// announceOf is what host number n of a rack announces, as a leecher that has nothing.
func announceOf(hash tracker.InfoHash, rack tracker.Location, n int) tracker.Announce {
	a := tracker.Announce{Rules: testRules, Place: tracker.Place{Location: rack, Hostname: fmt.Sprintf("host%d", n)}}
	a.InfoHash = hash
	a.PeerID = tracker.PeerID([]byte(fmt.Sprintf("-TT0001-%012d", n)))
	a.Key = "k"
	a.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 6881)
	a.Left = testLength
	a.Event = tracker.EventStarted
	a.NumWant = tracker.NumWantDefault
	a.Compact = true
	return a
}

func (f *fixture) announce(tb testing.TB, a tracker.Announce) tracker.Handout {
	tb.Helper()
	handout, err := f.Announce(context.Background(), a)
	if err != nil {
		tb.Fatal(err)
	}
	return handout
}

func addresses(peers []tracker.Peer) map[netip.AddrPort]bool {
	set := map[netip.AddrPort]bool{}
	for _, peer := range peers {
		if peer.Addr4.IsValid() {
			set[peer.Addr4] = true
		}
		if peer.Addr6.IsValid() {
			set[peer.Addr6] = true
		}
	}
	return set
}

// sixOf is the IPv6 address of host number n.
func sixOf(n int) netip.AddrPort {
	return netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%x]:6881", n+1))
}

// What the lists hold in all, page by page.

func (f *fixture) Torrents(ctx context.Context) (map[string]tracker.InfoHash, error) {
	all := map[string]tracker.InfoHash{}
	err := eachPage(func(cursor string) (string, error) {
		page, err := f.Store.Torrents(ctx, cursor, 100)
		maps.Copy(all, page.Torrents)
		return page.Next, err
	})
	return all, err
}

func (f *fixture) Transfers(ctx context.Context) (map[tracker.InfoHash]string, error) {
	all := map[tracker.InfoHash]string{}
	err := eachPage(func(cursor string) (string, error) {
		page, err := f.Store.Transfers(ctx, cursor, 100)
		maps.Copy(all, page.Transfers)
		return page.Next, err
	})
	return all, err
}

// Torrent returns the bytes of a torrent.
func (f *fixture) Torrent(ctx context.Context, name string) ([]byte, error) {
	id, err := f.Store.Torrent(ctx, name)
	if err != nil {
		return nil, err
	}
	file, digest, err := f.TorrentBytes(ctx, id.InfoHash)
	if err == nil && (digest != id.Digest || int64(len(file)) != id.Size) {
		err = fmt.Errorf("%d bytes, %s, are not %+v", len(file), digest, id)
	}
	return file, err
}

// statistics are a transfer's with those of all its racks, if they are asked for.
type statistics struct {
	tracker.Statistics
	Racks map[tracker.Location]tracker.RackStatistics
}

func (f *fixture) Statistics(ctx context.Context, hash tracker.InfoHash, racks bool) (statistics, error) {
	return statisticsOf(ctx, f.Store, hash, racks)
}

func statisticsOf(ctx context.Context, s *Store, hash tracker.InfoHash, racks bool) (stats statistics, err error) {
	if stats.Statistics, err = s.Statistics(ctx, hash); err != nil || !racks {
		return stats, err
	}
	stats.Racks = map[tracker.Location]tracker.RackStatistics{}
	err = eachPage(func(cursor string) (string, error) {
		page, err := s.Racks(ctx, hash, "", cursor, 100)
		maps.Copy(stats.Racks, page.Racks)
		return page.Next, err
	})
	return stats, err
}

// eachPage walks through all pages of a list.
func eachPage(read func(cursor string) (next string, err error)) error {
	for cursor := ""; ; {
		next, err := read(cursor)
		if cursor = next; err != nil || cursor == "" {
			return err
		}
	}
}

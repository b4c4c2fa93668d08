// Package storetest is what the tests of the store have in common: stores on each kind of Redis, hosts
// that announce, and a plain client to look at the keys.
package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Clock is the time the scripts are given.
type Clock struct{ unix atomic.Int64 }

// NewClock begins in 2027.
func NewClock() *Clock {
	c := &Clock{}
	c.unix.Store(1_800_000_000)
	return c
}

// Now implements redisstore.Options.Now.
func (c *Clock) Now() time.Time { return time.Unix(c.unix.Load(), 0).UTC() }

// Advance lets whole seconds pass.
func (c *Clock) Advance(d time.Duration) { c.unix.Add(int64(d / time.Second)) }

// Fixture is a store on some Redis, and a plain client to look at the keys.
type Fixture struct {
	*redisstore.Store
	*Clock
	Opts redisstore.Options // of the store
	Raw  rueidis.Client
}

// Each runs a test on the embedded store, on a real redis-server as the user that
// docs/redis.md describes, and on a real Redis Cluster.
func Each(t *testing.T, test func(t *testing.T, f *Fixture)) {
	t.Run("embedded", func(t *testing.T) {
		embedded, err := redisstore.StartEmbedded()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(embedded.Close)
		test(t, NewEmbedded(t, embedded))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, New(t, DocumentedUser(t, redistest.Start(t).Addr)))
	})
	t.Run("cluster", func(t *testing.T) {
		test(t, New(t, Options(EmptyCluster(t))))
	})
}

// NewEmbedded is New on an embedded store.
func NewEmbedded(tb testing.TB, embedded *redisstore.Embedded) *Fixture {
	opts := Options(embedded.Addr())
	opts.Password, opts.Single = embedded.Password(), true
	return New(tb, opts)
}

// New opens a store whose clock the test moves.
func New(tb testing.TB, opts redisstore.Options) *Fixture {
	tb.Helper()
	clock := NewClock()
	opts.Now = clock.Now
	return &Fixture{Open(tb, opts), clock, opts, OpenRaw(tb, opts)}
}

// Options are those of a Redis without a password.
func Options(addr string) redisstore.Options {
	return redisstore.Options{Addr: addr, Timeout: time.Minute, ArchiveTTL: time.Hour} // busy machines are slow
}

// Open opens a frontend's store and waits until it is ready.
func Open(tb testing.TB, opts redisstore.Options) *redisstore.Store {
	tb.Helper()
	s := redisstore.Open(opts, slog.New(slog.DiscardHandler))
	tb.Cleanup(s.Close)
	Await(tb, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
	return s
}

// ClientOptions are those of a store that are its client's.
func ClientOptions(opts redisstore.Options) client.Options {
	return client.Options{
		Addr: opts.Addr, Username: opts.Username, Password: opts.Password, DB: opts.DB, Timeout: opts.Timeout,
		Single: opts.Single, Now: opts.Now,
	}
}

// OpenClient opens a connection of its own, with the clock of the options, and waits until it is ready.
func OpenClient(tb testing.TB, opts redisstore.Options) *client.Client {
	tb.Helper()
	r := client.Open(ClientOptions(opts), slog.New(slog.DiscardHandler))
	tb.Cleanup(r.Close)
	Await(tb, "the client is ready", func() bool { return r.Ready(context.Background()) == nil })
	return r.Announces()
}

// OpenRaw opens a plain client.
func OpenRaw(tb testing.TB, opts redisstore.Options) rueidis.Client {
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

// Await polls a condition that must become true, within a generous bound.
func Await(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for range 1000 {
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("waited in vain until %s", what)
}

// Failer is what a test and a rapid check have in common.
type Failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// AwaitBackground waits until what an announce left to do is done.
func AwaitBackground(t Failer, s *redisstore.Store) {
	t.Helper()
	for range 10_000 {
		if s.Pending() == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("background tasks are not done")
}

// Command sends a command to the plain client.
func (f *Fixture) Command(words ...string) rueidis.RedisResult {
	return f.Raw.Do(context.Background(), f.Raw.B().Arbitrary(words...).Build())
}

// SetMembers are those of a set.
func (f *Fixture) SetMembers(key string) []string {
	members, _ := f.Command("SMEMBERS", key).AsStrSlice()
	return members
}

// Card is how many members a set has.
func (f *Fixture) Card(key string) int {
	n, _ := f.Command("SCARD", key).AsInt64()
	return int(n)
}

// Keys are those that match a pattern.
func (f *Fixture) Keys(pattern string) (keys []string) {
	for _, node := range f.Raw.Nodes() {
		part, _ := node.Do(context.Background(), node.B().Keys().Pattern(pattern).Build()).AsStrSlice()
		keys = append(keys, part...)
	}
	return keys
}

// Record is that of the host at an address.
func (f *Fixture) Record(hash tracker.InfoHash, addr netip.AddrPort) map[string]string {
	record, _ := f.Command("HGETALL", keys.Of(hash).Peer(addr)).AsStrMap()
	return record
}

// Length is how many bytes every test payload has.
const Length = 1000

// Rules are those of most tests.
var Rules = tracker.Rules{MaxReprRack: 2, MaxPeers: 30, PeerTTL: 660 * time.Second, AutoRegisterMax: 1000, HostsPerAddress: 256}

// Hash is that of transfer n.
func Hash(n byte) tracker.InfoHash { return tracker.InfoHash{0xab, 19: n} }

// RegisterTransfer makes a transfer active without going through a torrent's file.
func (f *Fixture) RegisterTransfer(tb testing.TB, n byte) tracker.InfoHash {
	tb.Helper()
	torrent := tracker.Torrent{
		Name: fmt.Sprintf("payload-%d", n), InfoHash: Hash(n), Length: Length, File: []byte("d4:infode"),
	}
	if _, err := f.AddTorrent(context.Background(), torrent); err != nil {
		tb.Fatal(err)
	}
	return torrent.InfoHash
}

// AnnounceOf is what host number n of a rack announces, as a leecher that has nothing.
func AnnounceOf(hash tracker.InfoHash, rack tracker.Location, n int) tracker.Announce {
	a := tracker.Announce{Rules: Rules, Place: tracker.Place{Location: rack, Hostname: fmt.Sprintf("host%d", n)}}
	a.InfoHash = hash
	a.PeerID = tracker.PeerID([]byte(fmt.Sprintf("-TT0001-%012d", n)))
	a.Key = "k"
	a.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 6881)
	a.Left = Length
	a.Event = tracker.EventStarted
	a.NumWant = tracker.NumWantDefault
	a.Compact = true
	return a
}

// MustAnnounce is Announce without a failure.
func (f *Fixture) MustAnnounce(tb testing.TB, a tracker.Announce) tracker.Handout {
	tb.Helper()
	handout, err := f.Announce(context.Background(), a)
	if err != nil {
		tb.Fatal(err)
	}
	return handout
}

// Addresses are those of some peers.
func Addresses(peers []tracker.Peer) map[netip.AddrPort]bool {
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

// SixOf is the IPv6 address of host number n.
func SixOf(n int) netip.AddrPort {
	return netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%x]:6881", n+1))
}

// What the lists hold in all, page by page.

// Torrents are all of them.
func (f *Fixture) Torrents(ctx context.Context) (map[string]tracker.InfoHash, error) {
	all := map[string]tracker.InfoHash{}
	err := EachPage(func(cursor string) (string, error) {
		page, err := f.Store.Torrents(ctx, cursor, 100)
		maps.Copy(all, page.Torrents)
		return page.Next, err
	})
	return all, err
}

// Transfers are all of them.
func (f *Fixture) Transfers(ctx context.Context) (map[tracker.InfoHash]string, error) {
	all := map[tracker.InfoHash]string{}
	err := EachPage(func(cursor string) (string, error) {
		page, err := f.Store.Transfers(ctx, cursor, 100)
		maps.Copy(all, page.Transfers)
		return page.Next, err
	})
	return all, err
}

// Torrent returns the bytes of a torrent.
func (f *Fixture) Torrent(ctx context.Context, name string) ([]byte, error) {
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

// Statistics are a transfer's with those of all its racks, if they are asked for.
type Statistics struct {
	tracker.Statistics
	Racks map[tracker.Location]tracker.RackStatistics
}

// Statistics are those of a transfer.
func (f *Fixture) Statistics(ctx context.Context, hash tracker.InfoHash, racks bool) (Statistics, error) {
	return StatisticsOf(ctx, f.Store, hash, racks)
}

// StatisticsOf are those of a transfer, as a store has them.
func StatisticsOf(ctx context.Context, s *redisstore.Store, hash tracker.InfoHash, racks bool) (stats Statistics, err error) {
	if stats.Statistics, err = s.Statistics(ctx, hash); err != nil || !racks {
		return stats, err
	}
	stats.Racks = map[tracker.Location]tracker.RackStatistics{}
	err = EachPage(func(cursor string) (string, error) {
		page, err := s.Racks(ctx, hash, "", cursor, 100)
		maps.Copy(stats.Racks, page.Racks)
		return page.Next, err
	})
	return stats, err
}

// EachPage walks through all pages of a list.
func EachPage(read func(cursor string) (next string, err error)) error {
	for cursor := ""; ; {
		next, err := read(cursor)
		if cursor = next; err != nil || cursor == "" {
			return err
		}
	}
}

// HostNumber is n of the host that AnnounceOf made.
func HostNumber(peer tracker.Peer) int {
	ip := peer.Addr4.Addr().As4()
	return int(ip[1])<<16 | int(ip[2])<<8 | int(ip[3])
}

// InParallel calls f(0) to f(n-1) from 256 goroutines, so that calls are pipelined.
func InParallel(n int, f func(int)) {
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 256 {
		callers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	callers.Wait()
}

// Populate fills a transfer so that each kind of key exists, and has more hosts than two steps of the
// archive move.
func Populate(tb testing.TB, f *Fixture, step int) tracker.InfoHash {
	hash := f.RegisterTransfer(tb, 1)
	InParallel(2*step+10, func(n int) {
		a := AnnounceOf(hash, []tracker.Location{"dc1/row1/r1", "dc1/row2/r1", "r3"}[n%3], n)
		a.Also = SixOf(n)
		f.MustAnnounce(tb, a)
		if n%5 == 0 {
			a.Left, a.Event = 0, tracker.EventCompleted
			f.MustAnnounce(tb, a)
		}
		if n%7 == 0 {
			a.Event = tracker.EventPaused
			f.MustAnnounce(tb, a)
		}
	})
	return hash
}

package redisstore_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/lua"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

//go:generate go test -run ^TestExample$ . -update

var update = flag.Bool("update", false, "write the blocks of the worked example into lua/README.md")

const examplePath = "../../lua/README.md"

var exampleHash = tracker.InfoHash{0xab, 19: 1} // HASH of the README

// exampleRequests are the announces of lua/README.md.
var exampleRequests = []struct {
	after    time.Duration // the one before
	ip, rack string
	query    string
}{
	{0, "10.0.1.1", "r1", "peer_id=-TT0001-000000000001&port=6881&uploaded=0&downloaded=0&left=0&event=started"},
	{time.Minute, "10.0.2.1", "r2", "peer_id=-TT0001-000000000002&port=6881&uploaded=0&downloaded=0&left=1000&event=started"},
	{5 * time.Minute, "10.0.2.1", "r2", "peer_id=-TT0001-000000000002&port=6881&uploaded=0&downloaded=600&left=400"},
}

// TestExample runs the announces of the worked example of lua/README.md, and holds its blocks against
// what the scripts were called with, what they returned and what Redis has then. make readme writes them.
func TestExample(t *testing.T) {
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	want := exampleBlocks(t)
	block := regexp.MustCompile("(?s)<!-- example (.*?) -->\n```text\n(.*?)```\n")
	if *update {
		text = block.ReplaceAllFunc(text, func(old []byte) []byte {
			name := string(block.FindSubmatch(old)[1])
			return fmt.Appendf(nil, "<!-- example %s -->\n```text\n%s```\n", name, want[name])
		})
		if err := os.WriteFile(examplePath, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, found := range block.FindAllSubmatch(text, -1) {
		name, shown := string(found[1]), string(found[2])
		if want[name] != shown {
			t.Errorf("block %q of lua/README.md is not what happens: run make readme\n%s", name, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("lua/README.md lacks the blocks %q", slices.Sorted(maps.Keys(want)))
	}
}

// exampleBlocks are what the README shows, by name. A store announces to one Redis. Each call of a script there is
// repeated on another one, to see what it returns, with a seed that is always the same.
func exampleBlocks(t *testing.T) map[string]string {
	server := redistest.Start(t)
	first, twin, names := openRedis(t, server.Addr), openRedis(t, redistest.Start(t).Addr), map[string]string{}
	for name, source := range lua.All {
		for _, redis := range []redis{first, twin} {
			sha, err := redis.command("SCRIPT", "LOAD", source).ToString()
			if err != nil {
				t.Fatal(err)
			}
			names[sha] = name
		}
	}
	var clock atomic.Int64
	clock.Store(1_800_000_000)
	now := func() time.Time { return time.Unix(clock.Load(), 0).UTC() }
	store := openStore(t, redisstore.Options{Addr: server.Addr, Timeout: time.Minute, Now: now})
	calls := monitor(t, server.Addr)
	torrent := tracker.Torrent{Name: "payload", InfoHash: exampleHash, Length: 1000, File: []byte("d4:infode")}
	if _, err := store.AddTorrent(context.Background(), torrent); err != nil {
		t.Fatal(err)
	}
	for _, call := range calls(first) {
		twin.command(call...)
	}
	blocks := map[string]string{}
	show := func(n int, what, text string) {
		blocks[fmt.Sprint(n, " ", what)] += text
	}
	before := twin.everything(t)
	for i, request := range exampleRequests {
		clock.Add(int64(request.after.Seconds()))
		show(i+1, "request", fmt.Sprintf("%s, from %s in rack %s:\nGET /announce?info_hash=HASH&%s\n",
			now().Format(time.TimeOnly), request.ip, request.rack, strings.Replace(request.query, "&uploaded", "\n    &uploaded", 1)))
		handout, err := store.Announce(context.Background(), announceOf(t, exampleHash, request.ip, request.rack, request.query))
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls(first) {
			name := names[call[1]]
			if name != "announce" && name != "again" { // Redis is checked now and then
				continue
			}
			header := headerOf(t, name)
			args := call[len(call)-len(header.args):]
			args[slices.Index(header.args, "seed")] = "0"
			show(i+1, "call", header.call(call[3:len(call)-len(args)], args))
			show(i+1, "reply", header.reply(t, twin.command(call...)))
		}
		show(i+1, "reply", handedOut(handout))
		after := twin.everything(t)
		show(i+1, "keys", changes(before, after))
		before = after
	}
	return blocks
}

// openStore opens a store and waits until it is ready.
func openStore(t *testing.T, opts redisstore.Options) *redisstore.Store {
	s := redisstore.Open(opts, slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(s.Close)
	for range 1000 {
		if s.Ready(context.Background()) == nil {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the store is not ready")
	return nil
}

// announceOf is what a frontend makes of a request.
func announceOf(t *testing.T, hash tracker.InfoHash, ip, rack, query string) (a tracker.Announce) {
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(q.Get(name), 10, 63)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	a.Rules = tracker.Rules{MaxReprRack: 1, MaxPeers: 30, PeerTTL: 660 * time.Second, HostsPerAddress: 256}
	a.Location, a.InfoHash, a.PeerID = tracker.Location(rack), hash, tracker.PeerID([]byte(q.Get("peer_id")))
	a.Addr = netip.MustParseAddrPort(ip + ":" + q.Get("port"))
	a.Uploaded, a.Downloaded, a.Left = number("uploaded"), number("downloaded"), number("left")
	if q.Get("event") == "started" {
		a.Event = tracker.EventStarted
	}
	a.NumWant, a.Compact = tracker.NumWantDefault, true
	return a
}

func handedOut(h tracker.Handout) string {
	var peers []string
	for _, peer := range h.Peers {
		peers = append(peers, peer.Addr4.String())
	}
	return fmt.Sprintf("-> complete %d, incomplete %d, peers %q\n", h.Complete, h.Incomplete, peers)
}

// redis is a plain client.
type redis struct{ rueidis.Client }

func openRedis(t *testing.T, addr string) redis {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return redis{client}
}

func (r redis) command(words ...string) rueidis.RedisResult {
	return r.Do(context.Background(), r.B().Arbitrary(words...).Build())
}

// monitor returns how to read the calls of scripts that a server has had since it was asked last.
func monitor(t *testing.T, addr string) func(r redis) [][]string {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	if _, err = conn.Write([]byte("MONITOR\r\n")); err != nil || !lines.Scan() {
		t.Fatal("MONITOR: ", err)
	}
	word := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	return func(r redis) (calls [][]string) {
		r.command("ECHO", "so far")
		for lines.Scan() && !strings.HasSuffix(lines.Text(), `"so far"`) {
			var call []string
			for _, quoted := range word.FindAllString(lines.Text(), -1) {
				text, err := strconv.Unquote(quoted)
				if err != nil {
					t.Fatal(err)
				}
				call = append(call, text)
			}
			if call[0] == "EVALSHA" {
				calls = append(calls, call)
			}
		}
		return calls
	}
}

// exampleHeader is what a script's header calls its arguments, and the values that it returns.
type exampleHeader struct {
	script       string
	args, values []string
}

func headerOf(t *testing.T, script string) exampleHeader {
	source, err := os.ReadFile("../../lua/" + script + ".lua")
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(source), "]]")
	h := exampleHeader{script: script}
	for _, found := range regexp.MustCompile(`(?m)^ {2,3}\d+ ([a-z]\S*)  `).FindAllStringSubmatch(header, -1) {
		h.args = append(h.args, found[1])
	}
	returns := regexp.MustCompile(`Returns \{status\} or \{(.*?)…\}`).FindStringSubmatch(header)
	h.values = strings.Split(returns[1], ", ")
	return h
}

// call shows a call: its keys, and of its arguments those that are not empty.
func (h exampleHeader) call(keys, args []string) string {
	var named []string
	for i, arg := range args {
		if arg != "" {
			named = append(named, h.args[i]+"="+arg)
		}
	}
	return fmt.Sprintf("EVALSHA %s\nKEYS %s\nARGV %s\n", h.script, wrapped(keys), wrapped(named))
}

func (h exampleHeader) reply(t *testing.T, result rueidis.RedisResult) string {
	values, err := result.ToArray()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i, value := range values {
		shown := ""
		if n, err := value.AsInt64(); err == nil && value.IsInt64() {
			shown = strconv.FormatInt(n, 10)
		} else if list, err := value.AsStrSlice(); err == nil {
			shown = fmt.Sprintf("%q", list)
		} else if s, err := value.ToString(); err == nil {
			shown = strconv.Quote(s)
		}
		fmt.Fprintf(&text, "%-10s %s\n", h.values[min(i, len(h.values)-1)], shown)
	}
	return text.String()
}

// wrapped joins words to lines of less than 100 columns.
func wrapped(words []string) string {
	var text strings.Builder
	column := 0
	for _, word := range words {
		word = strings.ReplaceAll(word, exampleHash.String(), "HASH")
		if column += 1 + len(word); column > 94 {
			text.WriteString("\n    ")
			column = len(word)
		}
		text.WriteString(" " + word)
	}
	return strings.TrimPrefix(text.String(), " ")
}

// everything that Redis keeps of transfers, as redis-cli shows it, by the command that reads each key.
func (r redis) everything(t *testing.T) map[string][]string {
	all := map[string][]string{}
	keys, _ := r.command("KEYS", "{*").AsStrSlice()
	for _, key := range keys {
		switch kind, _ := r.command("TYPE", key).ToString(); kind {
		case "string":
			value, _ := r.command("GET", key).ToString()
			all["GET "+key] = []string{strconv.Quote(value)}
		case "hash":
			fields, _ := r.command("HGETALL", key).AsStrMap()
			for field, value := range fields {
				all["HGETALL "+key] = append(all["HGETALL "+key], fmt.Sprintf("%s %q", field, value))
			}
		case "set":
			members, _ := r.command("SMEMBERS", key).AsStrSlice()
			for _, member := range members {
				all["SMEMBERS "+key] = append(all["SMEMBERS "+key], strconv.Quote(member))
			}
		case "zset":
			command := "ZRANGE " + key + " 0 -1 WITHSCORES"
			members, _ := r.command("ZRANGE", key, "0", "-1", "WITHSCORES").AsZScores()
			for _, member := range members {
				score := strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(member.Score, 'f', -1, 64), "+"))
				all[command] = append(all[command], fmt.Sprintf("%q %s", member.Member, score))
			}
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
	}
	return all
}

// changes are the commands that show something else than before: behind - what is gone, behind + what is new.
func changes(before, after map[string][]string) string {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var text strings.Builder
	for _, command := range slices.Sorted(maps.Keys(all)) {
		gone, added := without(before[command], after[command]), without(after[command], before[command])
		if gone != nil || added != nil {
			fmt.Fprintln(&text, wrapped(slices.Concat([]string{command}, marked("-", gone), marked("+", added))))
		}
	}
	return text.String()
}

// without are those of a list that are not on another one.
func without(list, other []string) []string {
	var rest []string
	for _, item := range list {
		if !slices.Contains(other, item) {
			rest = append(rest, item)
		}
	}
	slices.Sort(rest)
	return rest
}

func marked(sign string, items []string) []string {
	if len(items) > 0 {
		items[0] = " " + sign + " " + items[0]
	}
	return items
}

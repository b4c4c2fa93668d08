package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// frontend is the real program at a Redis.
type frontend struct {
	t       *testing.T
	url     string
	program *exec.Cmd
	stderr  *bytes.Buffer
}

func runFrontend(t *testing.T, redisAddr string, settings ...string) *frontend {
	t.Helper()
	port := freePort(t)
	host, redisPort, _ := net.SplitHostPort(redisAddr)
	program, stderr := startProgram(t, append([]string{
		"PORT=" + port, "REDISHOST=" + host, "REDISPORT=" + redisPort, "UDP_PORT=", "LOCATION=subnet",
	}, settings...)...)
	f := &frontend{t, "http://127.0.0.1:" + port + "/", program, stderr}
	if err := awaitURL(f.url + "healthz"); err != nil {
		t.Fatal(err)
	}
	return f
}

// log ends the program and returns what it logged.
func (f *frontend) log() string {
	f.t.Helper()
	_ = f.program.Process.Signal(syscall.SIGTERM)
	if err := f.program.Wait(); err != nil {
		f.t.Errorf("the program ended with %v\n%s", err, f.stderr)
	}
	return f.stderr.String()
}

func (f *frontend) get(path string) string {
	f.t.Helper()
	body, err := getURL(f.url + path)
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", path, err, f.stderr)
	}
	return string(body)
}

// announce is what client n is answered, of transfer hash.
func (f *frontend) announce(hash byte, n int) string {
	f.t.Helper()
	return f.get(fmt.Sprintf("announce?info_hash=%s&peer_id=-XX0001-%012d&port=%d&left=1&compact=1", strings.Repeat(string(hash), 20), n, 7000+n))
}

func (f *frontend) register(hash byte) string {
	f.t.Helper()
	resp, err := testClient.Post(f.url+"torrents/x.torrent", "", strings.NewReader(
		"d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:"+strings.Repeat(string(hash), 20)+"ee"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Status
}

// await asks until a condition is met.
func (f *frontend) await(what string, condition func() bool) {
	f.t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("waited in vain until %s\n%s", what, f.stderr)
		}
	}
}

func (f *frontend) awaitReady() {
	f.await("it is ready", func() bool { return f.get("readyz") == "ok\n" })
}

func (f *frontend) awaitUnready(words string) {
	f.await("/readyz says "+words, func() bool { return strings.Contains(f.get("readyz"), words) })
}

var soon = regexp.MustCompile(`^d14:failure reason\d+:tracker .*8:intervali(1\d|20)e`)

// redisAt is a plain client of a server.
func redisAt(t *testing.T, addr string) func(words ...string) rueidis.RedisResult {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return func(words ...string) rueidis.RedisResult {
		return client.Do(context.Background(), client.B().Arbitrary(words...).Build())
	}
}

// everything is all that a Redis holds.
func everything(t *testing.T, redis func(...string) rueidis.RedisResult) map[string]string {
	t.Helper()
	keys, err := redis("KEYS", "*").AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	dump := map[string]string{}
	for _, key := range keys {
		if dump[key], err = redis("DUMP", key).ToString(); err != nil {
			t.Fatal(err)
		}
	}
	return dump
}

// A Redis of another version is not touched, neither at the start nor when the version changes.
func TestRedisOfAnotherVersion(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	redis := redisAt(t, server.Addr)
	first := runFrontend(t, server.Addr, "AUTO_REGISTER=true")
	first.awaitReady()
	first.announce('a', 1)
	first.await("the announce is noted", func() bool { n, _ := redis("SCARD", "active_transfers").AsInt64(); return n == 1 })
	version, err := redis("GET", "p2ptracker").ToString()
	if err != nil {
		t.Fatal(err)
	}
	redis("SET", "p2ptracker", "of the future")
	first.awaitUnready("another version") // within a second
	before := everything(t, redis)
	second := runFrontend(t, server.Addr, "AUTO_REGISTER=true")
	for _, f := range []*frontend{first, second} {
		f.awaitUnready("another version")
		for n := range 20 {
			if body := f.announce('b', n); !soon.MatchString(body) {
				t.Errorf("announce: %q", body)
			}
		}
		if status := f.register('r'); !strings.HasPrefix(status, "503") {
			t.Errorf("POST: %s", status)
		}
	}
	after := everything(t, redis)
	for key := range after {
		if after[key] != before[key] {
			t.Errorf("%s was changed", key)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d keys were %d", len(after), len(before))
	}
	redis("SET", "p2ptracker", version)
	for _, f := range []*frontend{first, second} {
		f.await("it goes on", func() bool { return strings.HasPrefix(f.announce('b', 3), "d8:complete") })
		if log := f.log(); strings.Count(log, "level=ERROR") != 1 {
			t.Errorf("not one line:\n%s", log)
		}
	}
}

// A user without TIME: not ready, and told why; and a password that is changed under way.
func TestRedisRefuses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	redis := redisAt(t, server.Addr)
	redis("ACL", "SETUSER", "trk", "on", ">pw", "~*", "+@all", "-time")
	redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	f := runFrontend(t, server.Addr, "REDIS_USERNAME=trk", "REDIS_PASSWORD=pw")
	f.awaitUnready("may not use TIME")
	if body := f.announce('a', 1); !soon.MatchString(body) {
		t.Errorf("announce: %q", body)
	}
	if status := f.register('r'); !strings.HasPrefix(status, "503") {
		t.Errorf("POST: %s", status)
	}
	redis("ACL", "SETUSER", "trk", "+time")
	f.await("it is ready", func() bool {
		return f.get("readyz") == "ok\nwarning: Redis may drop keys: its maxmemory-policy is allkeys-lru and must be noeviction\n"
	})
	redis("ACL", "SETUSER", "trk", "resetpass", ">other")
	redis("CLIENT", "KILL", "USER", "trk")
	f.awaitUnready("REDIS_PASSWORD")
	for n := range 200 {
		if body := f.announce('a', n); !soon.MatchString(body) {
			t.Errorf("announce: %q", body)
		}
	}
	redis("ACL", "SETUSER", "trk", ">pw")
	f.await("it goes on", func() bool { return strings.HasPrefix(f.get("readyz"), "ok") })
	log := f.log()
	if strings.Count(log, "may not use TIME") != 1 || strings.Count(log, "WRONGPASS") != 1 || strings.Count(log, "level=WARN") != 1 ||
		strings.Contains(log, "request failed") {
		t.Errorf("not one line for each reason:\n%s", log)
	}
}

// However many ask whether it is ready, Redis is written to about once a second.
func TestReadyWritesSeldom(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	redis := redisAt(t, server.Addr)
	f := runFrontend(t, server.Addr)
	f.awaitReady()
	writes := func() int64 {
		stats, _ := redis("INFO", "commandstats").ToString()
		_, stats, _ = strings.Cut(stats, "cmdstat_set:calls=")
		var n int64
		fmt.Sscan(stats, &n)
		return n
	}
	before, began := writes(), time.Now()
	var askers sync.WaitGroup
	for range 8 {
		askers.Go(func() {
			for range 100 {
				f.get("readyz")
			}
		})
	}
	askers.Wait()
	if n, most := writes()-before, 10+10*int64(time.Since(began)/time.Second); n > most {
		t.Errorf("%d writes, expected %d at most", n, most)
	}
}

// Redis comes back empty: clients of what was active are back within seconds, at frontends that
// knew it and at one that starts now.
func TestRedisComesBackEmpty(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	f := runFrontend(t, server.Addr, "ADMIN_TOKEN=")
	f.awaitReady()
	inactive := f.announce('z', 1)
	if !strings.Contains(inactive, "warning message") {
		t.Errorf("of what was never registered: %q", inactive)
	}
	server.Stop()
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	f.await("it is answered", func() bool { return !strings.Contains(f.announce('z', 1), "cannot reach its store") })
	late := runFrontend(t, server.Addr)
	late.awaitReady()
	for _, f := range []*frontend{f, late} {
		if body := f.announce('z', 1); !soon.MatchString(body) || !strings.Contains(body, "lost its data") {
			t.Errorf("announce: %q", body)
		}
	}
}

// garbler stands between a frontend and Redis.
type garbler struct {
	net.Listener
	redis string
	mu    sync.Mutex
	down  []net.Conn // to frontends
	dials atomic.Int64
}

func startGarbler(t *testing.T, redis string) *garbler {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &garbler{Listener: listener, redis: redis}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.dials.Add(1)
			go g.pass(conn)
		}
	}()
	return g
}

func (g *garbler) pass(down net.Conn) {
	defer down.Close()
	up, err := net.Dial("tcp", g.redis)
	if err != nil {
		return
	}
	defer up.Close()
	g.mu.Lock()
	g.down = append(g.down, down)
	g.mu.Unlock()
	go func() {
		defer up.Close()
		io.Copy(up, down)
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := up.Read(buffer)
		if err != nil {
			return
		}
		g.mu.Lock() // so that nothing is said within a reply that came in one piece
		_, err = down.Write(buffer[:n])
		g.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// say says something on every connection, as if Redis had.
func (g *garbler) say(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range g.down {
		io.WriteString(conn, text)
	}
	g.down = nil
}

// Whatever Redis says, while announces are under way and while none is: the program lives, and
// announces go on.
func TestRedisTalksNonsense(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	g := startGarbler(t, server.Addr)
	f := runFrontend(t, g.Addr().String(), "AUTO_REGISTER=true")
	f.awaitReady()
	for _, nonsense := range []string{
		"$99999999999\r\n", "$-5\r\n", "+OK\r\n", "*-7\r\n", "*99999999999\r\n", "%99999999\r\n", ":1\r\n", "_\r\n", "$?\r\n;-4\r\n",
		">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nx\r\n", "|1\r\n+a\r\n+b\r\n", "-ERR what\r\n",
		"*1\r\n$-9\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", strings.Repeat("*1\r\n", 10_000), "\x00\xff\xff\xff",
	} {
		for _, busy := range []bool{false, true} {
			dials := g.dials.Load()
			var clients sync.WaitGroup
			if busy {
				for n := range 8 {
					clients.Go(func() {
						for range 10 {
							body := f.announce('a', n)
							if nonsense[0] == '-' { // an error is one to whatever is asked
								body = strings.Replace(body, "14:internal error", "14:tracker error", 1)
							}
							if !strings.HasPrefix(body, "d8:complete") && !soon.MatchString(body) {
								t.Errorf("%q: announce: %q", nonsense, body)
							}
						}
					})
				}
			}
			g.say(nonsense)
			clients.Wait()
			f.await("announces go on", func() bool { return strings.HasPrefix(f.announce('a', 1), "d8:complete") })
			f.await("connections are made anew", func() bool { f.announce('a', 1); return g.dials.Load() > dials })
		}
	}
	f.awaitReady()
	if log := f.log(); strings.Count(log, "connection to redis ended") > 2 || strings.Contains(log, "panic") {
		t.Errorf("logged:\n%s", log)
	}
}

package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// startFrontends runs frontends of one Redis, and returns their URLs.
func startFrontends(t *testing.T, redis *redistest.Server, n int, settings ...string) (bases []string) {
	t.Helper()
	host, port, err := net.SplitHostPort(redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	settings = append(slices.Clone(settings), "REDISHOST="+host, "REDISPORT="+port, "AUTO_REGISTER=true",
		"LOCATION=pattern", "LOCATION_PATTERN_OF=address", `LOCATION_PATTERN=^127\.(?P<rack>\d+\.\d+)\.`)
	for range n {
		bases = append(bases, startTracker(t, settings...))
	}
	return bases
}

// askRedis sends a command, and returns what comes until Redis hangs up.
func askRedis(t *testing.T, redis *redistest.Server, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\nQUIT\r\n", command)
	reply, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(reply)
}

// call of Redis, as MONITOR tells it.
type redisCall struct{ client, words string }

var (
	monitorLine = regexp.MustCompile(`^\+\S+ \[\d+ (\S+)\] (.*)`)
	clientLine  = regexp.MustCompile(`(?m)\baddr=(\S+).* name=(\S*)`)
)

// monitored returns the calls that Redis gets while f runs, by the names of their connections.
func monitored(t *testing.T, redis *redistest.Server, f func()) (calls []redisCall) {
	t.Helper()
	conn, err := net.Dial("tcp", redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "MONITOR\r\n")
	lines := bufio.NewReader(conn)
	if ok, err := lines.ReadString('\n'); err != nil || ok != "+OK\r\n" {
		t.Fatal(ok, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			line, err := lines.ReadString('\n')
			if err != nil || strings.Contains(line, "the end of it") {
				return
			}
			if found := monitorLine.FindStringSubmatch(line); found != nil {
				calls = append(calls, redisCall{found[1], found[2]})
			}
		}
	}()
	f()
	names := map[string]string{}
	for _, found := range clientLine.FindAllStringSubmatch(askRedis(t, redis, "CLIENT LIST"), -1) {
		names[found[1]] = found[2]
	}
	askRedis(t, redis, `ECHO "the end of it"`)
	<-done
	for i := range calls {
		calls[i].client = names[calls[i].client]
	}
	return calls
}

// announcesBeside lets hosts announce over kept connections while f runs. None may fail.
func announcesBeside(t *testing.T, base string, f func()) {
	t.Helper()
	var all sync.WaitGroup
	var failed, answered atomic.Int64
	stop := make(chan struct{})
	for n := range 16 {
		all.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				failed.Add(1)
				return
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			for {
				if ok, err := announceAs(conn, reader, fmt.Sprintf("127.1.%d.1", n), n); !ok || err != nil {
					failed.Add(1)
					return
				}
				answered.Add(1)
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	f()
	close(stop)
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d hosts were failed, %d announces were answered", failed.Load(), answered.Load())
	}
}

// atOnce calls f so many times at once.
func atOnce(n int, f func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(f)
	}
	all.Wait()
}

// digestOf fetches without keeping: 300 files in memory would make the crowd slower than a frontend
// waits for the first byte of a request.
func digestOf(url string) (digest [sha256.Size]byte, err error) {
	resp, err := testClient.Get(url)
	if err != nil {
		return digest, err
	}
	defer resp.Body.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, resp.Body)
	return [sha256.Size]byte(sum.Sum(nil)), err
}

// A crowd fetches the torrent, and others read lists, while hosts announce: each frontend reads the
// file from Redis once, nothing of all that travels over the connections of announces, and no
// announce fails.
func TestPushDelaysNoAnnounce(t *testing.T) {
	redis := redistest.Start(t)
	bases := startFrontends(t, redis, 2)
	file := append([]byte("d4:info"+infoOf(100, privately)+"e"), make([]byte, 256<<10)...)
	var got registered
	if status := call(t, http.MethodPost, bases[0]+"/torrents/x.torrent", "", file, &got); status != http.StatusCreated {
		t.Fatalf("status %d: %+v", status, got)
	}
	want := sha256.Sum256(file)
	transfer := strings.Repeat("30", 20) + ".json"
	calls := monitored(t, redis, func() {
		announcesBeside(t, bases[0], func() {
			atOnce(300, func() {
				if digest, err := digestOf(bases[0] + "/torrents/x.torrent"); err != nil || digest != want {
					t.Errorf("another file came: %v", err)
				}
			})
			if digest, err := digestOf(bases[1] + "/torrents/x.torrent"); err != nil || digest != want {
				t.Errorf("another file came: %v", err)
			}
			atOnce(64, func() {
				for _, path := range []string{
					"/torrents/", "/transfers/", "/transfers/" + transfer + "?racks=1", "/transfers/hosts/" + transfer,
					"/transfers/racks/" + transfer, "/scrape/" + transfer,
				} {
					if _, err := getURL(bases[0] + path); err != nil {
						t.Errorf("%s: %v", path, err)
					}
				}
			})
		})
	})
	commands := map[string]map[string]int{}
	loads := 0
	for _, call := range calls {
		command, _, _ := strings.Cut(call.words, " ")
		if strings.Contains(call.words, `{`+got.Hash+`}:torrent"`) && command != `"STRLEN"` {
			loads++
		}
		if strings.Contains(call.words, "-AB0001-") {
			command = "announce"
		}
		if commands[call.client] == nil {
			commands[call.client] = map[string]int{}
		}
		commands[call.client][command]++
	}
	if loads != 2 {
		t.Errorf("Redis was asked for the file %d times by two frontends", loads)
	}
	if ours := commands["p2ptracker"]; ours["announce"] == 0 || ours[`"SSCAN"`]+ours[`"HSCAN"`]+ours[`"HGETALL"`]+ours[`"SCARD"`]+ours[`"STRLEN"`] > 0 {
		t.Errorf("over the connections of announces: %v", ours)
	}
	if rest := commands["p2ptracker-rest"]; rest["announce"] > 0 || rest[`"SSCAN"`] == 0 || rest[`"HSCAN"`] == 0 || rest[`"SCARD"`] == 0 {
		t.Errorf("over those of REST: %v", rest)
	}
	if n := strings.Count(askRedis(t, redis, "CLIENT LIST"), " name=p2ptracker-rest "); n != 2 {
		t.Errorf("%d connections of REST by two frontends", n)
	}
}

// Whatever becomes of a name, every frontend serves from then on what it stands for: other bytes
// around the same info, nothing, another torrent.
func TestTorrentIsTheOneRegistered(t *testing.T) {
	bases := startFrontends(t, redistest.Start(t), 2)
	const path = "/torrents/x.torrent"
	etags := map[string]bool{}
	for step, file := range []string{
		"d8:announce9:http://a/4:info" + infoOf(1, privately) + "e",
		"d8:announce9:http://b/4:info" + infoOf(1, privately) + "e", // the same info hash, and as long
		"",
		"d8:announce9:http://b/4:info" + infoOf(2, privately) + "e",
		"",
		"d8:announce9:http://a/4:info" + infoOf(1, privately) + "e",
	} {
		var status int
		if file == "" {
			status = call(t, http.MethodDelete, bases[step%2]+path, "", nil, nil)
		} else {
			status = call(t, http.MethodPost, bases[step%2]+path, "", []byte(file), nil)
		}
		if status != http.StatusOK && status != http.StatusCreated {
			t.Fatalf("step %d: status %d", step, status)
		}
		for _, base := range bases {
			resp, err := testClient.Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || file == "" && resp.StatusCode != http.StatusNotFound || file != "" && string(body) != file {
				t.Errorf("step %d: status %d, %q, %v", step, resp.StatusCode, body, err)
			}
			etag := resp.Header.Get("ETag")
			etags[etag] = true
			r, _ := http.NewRequest(http.MethodGet, base+path, http.NoBody)
			r.Header.Set("If-None-Match", etag)
			if resp, err = testClient.Do(r); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if file != "" && resp.StatusCode != http.StatusNotModified {
				t.Errorf("step %d: status %d although nothing changed", step, resp.StatusCode)
			}
		}
	}
	if len(etags) != 4 { // and none
		t.Errorf("ETags of three files: %v", etags)
	}
}

// Readers that do not read hold neither the file, each of its own, nor their connections for long;
// and no announce fails.
func TestReadersThatDoNotRead(t *testing.T) {
	const readers, size = 100, 16 << 20
	redis := redistest.Start(t)
	base := startFrontends(t, redis, 1)[0]
	file := append([]byte("d4:info"+infoOf(100, privately)+"e"), make([]byte, size)...)
	if status := call(t, http.MethodPost, base+"/torrents/x.torrent", "", file, nil); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	var conns []net.Conn
	var memory, redisMemory float64
	announcesBeside(t, base, func() {
		for range readers {
			conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
			fmt.Fprint(conn, "GET /torrents/x.torrent HTTP/1.1\r\nHost: x\r\n\r\n")
			conns = append(conns, conn)
		}
		for end := time.Now().Add(time.Minute); metricOf(t, base, "p2ptracker_http_connections") > readers/2; time.Sleep(200 * time.Millisecond) {
			memory = max(memory, metricOf(t, base, "process_resident_memory_bytes"))
			redisMemory = max(redisMemory, numberIn(t, askRedis(t, redis, "INFO memory"), "used_memory:"))
			if time.Now().After(end) {
				t.Fatal("the connections are not closed")
			}
		}
	})
	for _, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := io.Copy(io.Discard, conn); n >= size {
			t.Errorf("%d bytes came, %v", n, err)
		}
	}
	if memory > 300<<20 || redisMemory > 6*size {
		t.Errorf("the frontend needed %.0f MB, and Redis %.0f MB, for one file of %d MB", memory/(1<<20), redisMemory/(1<<20), size>>20)
	}
}

// metricOf is a value that the frontend tells.
func metricOf(t *testing.T, base, name string) float64 {
	t.Helper()
	text, err := getURL(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	return numberIn(t, string(text), "\n"+name+" ")
}

// numberIn is what follows a name in a text.
func numberIn(t *testing.T, text, name string) float64 {
	t.Helper()
	_, rest, found := strings.Cut(text, name)
	rest, _, _ = strings.Cut(rest, "\n")
	number, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
	if !found || err != nil {
		t.Fatalf("there is no %q: %v", name, err)
	}
	return number
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// Of the load: connections, each with one announce under way; hosts, in 500 racks; and
// transfers, each of 20 hosts.
const (
	loadClients   = 128
	loadHosts     = 20_000
	loadTransfers = 1000
	loadTime      = 2 * time.Second
)

// announceLoad is the program announceload: it announces to an address over kept connections
// for loadTime, and prints how often, and how many bytes of replies came.
func announceLoad() {
	var announces, size atomic.Int64
	var all sync.WaitGroup
	end := time.Now().Add(loadTime)
	for first := range loadClients {
		all.Go(func() {
			conn, err := net.Dial("tcp", os.Args[1])
			if err != nil {
				fail(err)
			}
			reader := bufio.NewReader(conn)
			for host := first; time.Now().Before(end); host = (host + loadClients) % loadHosts {
				n, err := announceOnce(conn, reader, host)
				if err != nil {
					fail(err)
				}
				announces.Add(1)
				size.Add(n)
			}
		})
	}
	all.Wait()
	fmt.Println(announces.Load(), size.Load())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "announceload:", err)
	os.Exit(1)
}

func announceOnce(conn net.Conn, reader *bufio.Reader, host int) (size int64, err error) {
	_, err = fmt.Fprintf(conn, "GET /announce?info_hash=%020d&peer_id=-AB0001-%012d&port=6881&uploaded=0&downloaded=0&left=1000&key=%08x"+
		"&numwant=30&compact=1&ip=127.1.%d.%d HTTP/1.1\r\nHost: 127.0.0.1:6969\r\nUser-Agent: announceload\r\nAccept-Encoding: gzip\r\n\r\n",
		host%loadTransfers, host, host, host/40%256, 1+host%40+40*(host/40/256))
	if err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, resp.Body)
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// overheard is the last call of a script with an argument of 20 bytes that Redis gets while load runs:
// an announce.
func overheard(b *testing.B, addr string, load func()) []string {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for all := bufio.NewScanner(conn); all.Scan(); {
			lines <- all.Text()
		}
	}()
	fmt.Fprint(conn, "MONITOR\r\n")
	go func() {
		load()
		conn.Close()
	}()
	var last string
	for line := range lines {
		if strings.Contains(line, `"EVALSHA"`) && strings.Contains(line, `"-AB0001-`) {
			last = line
		}
	}
	var words []string
	for _, word := range quoted.FindAllString(last, -1) {
		plain, err := strconv.Unquote(word)
		if err != nil {
			b.Fatalf("%s: %v", word, err)
		}
		words = append(words, plain)
	}
	if len(words) < 4 {
		b.Fatalf("no announce among what Redis was asked, but %q", last)
	}
	return words
}

// luaOf writes a reply of Redis as Lua.
func luaOf(m rueidis.RedisMessage) string {
	if n, err := m.AsInt64(); err == nil {
		return strconv.FormatInt(n, 10)
	}
	all, err := m.ToArray()
	if err != nil {
		text, _ := m.ToString()
		var b strings.Builder
		for _, c := range []byte(text) {
			fmt.Fprintf(&b, `\%03d`, c)
		}
		return "'" + b.String() + "'"
	}
	parts := make([]string, len(all))
	for i, part := range all {
		parts[i] = luaOf(part)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

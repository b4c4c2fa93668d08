package bthttp_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

var update = flag.Bool("update", false, "write the replies in testdata/wire anew")

const wireDir = "../../testdata/wire"

// TestWire sends what stock clients send, byte for byte, to a real server, and
// compares how it is read and what is answered.
func TestWire(t *testing.T) {
	requests, err := filepath.Glob(filepath.Join(wireDir, "*.request"))
	if err != nil || len(requests) < 20 {
		t.Fatalf("%d wire files, %v", len(requests), err)
	}
	for _, path := range requests {
		name := strings.TrimSuffix(path, ".request")
		t.Run(filepath.Base(name), func(t *testing.T) {
			swarm := &fixedSwarm{}
			server := start(t, swarm, bthttp.Options{TrustIPParam: loopback, Timeout: time.Minute}, quiet)
			conn := dial(t, server.addr)
			send(t, conn, readFile(t, path))
			reply, _ := readReply(t, bufio.NewReader(conn))
			if server.handed.Load() != 0 {
				t.Error("what a client sends is not taken for plain")
			}

			if parsed := swarm.seen(t); parsed != string(readFile(t, name+".parsed")) {
				t.Errorf("read as\n%s", parsed)
			}
			if *update {
				if err := os.WriteFile(name+".reply", reply, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, name+".reply"); !bytes.Equal(reply, want) {
				t.Errorf("reply is\n%q\nwant\n%q", reply, want)
			}
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// readReply returns one reply as it came over the wire, but for its Date, and its body.
func readReply(t *testing.T, r *bufio.Reader) (raw, body []byte) {
	t.Helper()
	var wire bytes.Buffer
	for !bytes.HasSuffix(wire.Bytes(), []byte("\r\n\r\n")) {
		line, err := r.ReadBytes('\n')
		if err != nil {
			t.Fatalf("after %q: %v", wire.Bytes(), err)
		}
		if !bytes.HasPrefix(line, []byte("Date: ")) { // so that replies can be compared
			wire.Write(line)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire.Bytes())), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength < 0 {
		t.Fatalf("no length: %q", wire.Bytes())
	}
	body = make([]byte, resp.ContentLength)
	if _, err := io.ReadFull(r, body); err != nil {
		t.Fatal(err)
	}
	return append(wire.Bytes(), body...), body
}

func send(t *testing.T, conn net.Conn, request []byte) {
	t.Helper()
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
}

// describe writes a request as the .parsed files do.
func describe(req tracker.AnnounceRequest) string {
	event := req.Event.String()
	if event == "" {
		event = "none"
	}
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-12s%v\n", name, value) }
	line("info_hash", req.InfoHash)
	line("peer_id", quote(string(req.PeerID[:])))
	line("key", quote(req.Key))
	line("addr", req.Addr)
	if req.Also.IsValid() {
		line("also", req.Also)
	}
	line("uploaded", req.Uploaded)
	line("downloaded", req.Downloaded)
	line("left", req.Left)
	line("event", event)
	line("numwant", req.NumWant)
	line("compact", req.Compact)
	line("no_peer_id", req.NoPeerID)
	return b.String()
}

// quote shows every byte that is not printable ASCII by its number.
func quote(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			fmt.Fprintf(&b, "\\%c", c)
		case ' ' <= c && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "\\x%02x", c)
		}
	}
	return `"` + b.String() + `"`
}

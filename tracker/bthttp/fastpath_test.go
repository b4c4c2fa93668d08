package bthttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/clientaddr"
)

// echoSwarm answers with what it was asked.
type echoSwarm struct{}

func (echoSwarm) Announce(_ context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return tracker.AnnounceResponse{Warning: fmt.Sprintf("%+v", req)}, nil
}

func (echoSwarm) Scrape(_ context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	var entries []tracker.ScrapeEntry
	for _, hash := range hashes {
		entries = append(entries, tracker.ScrapeEntry{InfoHash: hash})
	}
	return entries, nil
}

var (
	proxyPeer = netip.MustParseAddrPort("10.0.0.1:4000")
	proxies   = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
)

// newEcho is a Server of an echoSwarm behind a proxy, and the fast path into it.
func newEcho() (*Server, *fastPath) {
	clientOf := clientaddr.New(proxies, slog.New(slog.DiscardHandler)).ClientOf
	opts := Options{Timeout: time.Minute, ClientOf: clientOf, TrustIPParam: proxies}
	s := New(echoSwarm{}, opts, slog.New(slog.DiscardHandler))
	return s, &fastPath{Server: s, closing: func() bool { return false }}
}

// byNetHTTP is what net/http makes of the bytes of a connection, after which nothing comes.
func byNetHTTP(s *Server, in []byte) []byte {
	conn := &scriptedConn{in: bytes.NewReader(in), closed: make(chan struct{})}
	server := http.Server{
		Handler:  s,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	_ = server.Serve(&scriptedListener{conn})
	<-conn.closed
	return conn.out.Bytes()
}

type scriptedListener struct{ conn net.Conn }

func (l *scriptedListener) Accept() (conn net.Conn, err error) {
	if conn, l.conn = l.conn, nil; conn == nil {
		err = io.EOF
	}
	return conn, err
}
func (*scriptedListener) Close() error   { return nil }
func (*scriptedListener) Addr() net.Addr { return &net.TCPAddr{} }

type scriptedConn struct {
	net.Conn
	in     io.Reader
	out    bytes.Buffer
	closed chan struct{}
}

func (c *scriptedConn) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c *scriptedConn) Write(b []byte) (int, error) { return c.out.Write(b) }
func (c *scriptedConn) Close() error                { close(c.closed); return nil }
func (*scriptedConn) RemoteAddr() net.Addr          { return net.TCPAddrFromAddrPort(proxyPeer) }
func (*scriptedConn) LocalAddr() net.Addr           { return &net.TCPAddr{} }
func (*scriptedConn) SetDeadline(time.Time) error   { return nil }
func (*scriptedConn) SetReadDeadline(time.Time) error {
	return nil
}
func (*scriptedConn) SetWriteDeadline(time.Time) error { return nil }

var dateOrRetry = regexp.MustCompile(`Date: [^\r]*\r\n|8:intervali\d\de`)

// varying takes out of replies what is another each time.
func varying(replies []byte) string { return string(dateOrRetry.ReplaceAll(replies, nil)) }

// checkAgainstNetHTTP holds that whatever is answered without net/http is answered by it
// with the same bytes: the replies to all requests, in their order, and whether the
// connection is kept.
func checkAgainstNetHTTP(t rapid.TB, in []byte) next {
	t.Helper()
	s, w := newEcho()
	var m scratch
	rest, next := w.answer(context.Background(), &m, in, proxyPeer)
	got, want := varying(m.out), varying(byNetHTTP(s, in))
	switch {
	case next == delegate && strings.HasPrefix(want, got) && bytes.HasSuffix(in, rest):
	case next != delegate && want == got:
	default:
		t.Errorf("of %q\n%q is left (%d), and the rest is answered\n%q\nby net/http all is\n%q", in, rest, next, got, want)
	}
	return next
}

const (
	plainQuery = "info_hash=%88%17%8F%83%7C%24cq%FD%FAcU%F1%EB%98%7Fq%9D%A6%3D&peer_id=-TR3000-9ny7fny9kmnx&port=6881&key=7185a534"
	plainStart = "GET /announce?" + plainQuery + " HTTP/1.1\r\n"
	plainHead  = plainStart + "Host: tracker:6969\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
)

// plainSeeds are requests with what becomes of their connection.
var plainSeeds = []struct {
	in   string
	want next
}{
	{plainHead, keepOpen},
	{strings.Repeat(plainHead, 3), keepOpen},
	{plainHead + "GET /statistics HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{plainHead + plainStart, delegate},
	{plainStart + "Host: [::1]:6969\r\nUser-Agent: x\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n", keepOpen},
	{plainStart + "hOST:x\r\nX-FORWARDED-for:  192.0.2.7 \r\nx-forwarded-for:\t10.0.0.1\r\n\r\n", keepOpen},
	{plainStart + "Host: x\r\n\r\n", keepOpen}, // nobody knows who asks
	{plainStart + "Host: x\r\nX-Forwarded-For:\r\n\r\n", keepOpen},
	{plainStart + "Host: x\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: unknown\r\n\r\n" + plainHead, keepOpen},
	{plainStart + "Host: x\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n", keepOpen},
	{plainStart + "Host: x\r\n" + strings.Repeat("X-Forwarded-For: 192.0.2.7\r\n", 5) + "\r\n", delegate},
	{"GET /announce?info_hash=++%2Baaaaaaaaaaaaaaaaa&peer_id=-TR3000-9ny7fny9kmnx&port=6881&left&uploaded= HTTP/1.1\r\nHost: x\r\n\r\n", keepOpen},
	{"GET /scrape?info_hash=+aaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\n\r\n", keepOpen},
	{"GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.0\r\n\r\n", closeConn},
	{"GET /scrape/?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", keepOpen},
	{"GET /scrape HTTP/1.0\r\nConnection: close\r\n\r\n" + plainHead, closeConn},
	{plainStart + "Host: x\r\nConnection: close\r\n\r\n" + plainHead, closeConn},
	{plainStart + "Host: x\r\nConnection: keep-alive\r\n\r\n", keepOpen},
	{plainStart + "Host: x\r\nConnection: keep-alive, close\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", delegate},
	{plainStart + "\r\n", delegate},
	{plainStart + "Host: x\r\nHost: y\r\n\r\n", delegate},
	{plainStart + "Host: x y\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nContent-Length: 0\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nGET", delegate},
	{plainStart + "Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + plainHead, delegate},
	{plainStart + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + plainHead, delegate},
	{plainStart + "Host: x\r\nExpect: 100-continue\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nX-A: b\r\n continued\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nX A: b\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nX-A : b\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nX-A: b\x00\r\n\r\n", delegate},
	{plainStart + "Host: x\r\nX-A\r\n\r\n", delegate},
	{plainStart + "Host: x\n\n", delegate},
	{"\r\n" + plainHead, delegate},
	{"GET http://tracker/announce?" + plainQuery + " HTTP/1.1\r\nHost: tracker\r\n\r\n", delegate},
	{"GET /announce?x=\x7f HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce?x y HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce?x=\xff#y? HTTP/1.1\r\nHost: x\r\n\r\n", keepOpen},
	{"GET /announce%2f HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce// HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"GET  /announce HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"get /announce HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"HEAD /announce HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"POST /announce HTTP/1.1\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce HTTP/1.2\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce HTTP/2.0\r\nHost: x\r\n\r\n", delegate},
	{"GET /announce\r\n\r\n", delegate},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", delegate},
}

func TestPlainAgainstNetHTTP(t *testing.T) {
	for _, seed := range plainSeeds {
		if got := checkAgainstNetHTTP(t, []byte(seed.in)); got != seed.want {
			t.Errorf("%q: %d, not %d", seed.in, got, seed.want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range plainSeeds {
		f.Add([]byte(seed.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkAgainstNetHTTP(t, in) })
}

// genRequest is a request, nearly always a plain one but for a piece or two.
var genRequest = rapid.Custom(func(t *rapid.T) string {
	pick := func(name string, pieces ...string) string { return rapid.SampledFrom(pieces).Draw(t, name) }
	var b strings.Builder
	b.WriteString(pick("method", "GET ", "GET ", "GET ", "GET ", "HEAD "))
	b.WriteString(pick("path", "/announce?", "/announce?", "/announce/?", "/scrape?", "/scrape/x?", "/announce%3f"))
	b.WriteString(pick("query", plainQuery, plainQuery, "info_hash=aaaaaaaaaaaaaaaaaaaa", "", "a b", "?\xff"))
	b.WriteString(pick("version", " HTTP/1.1\r\n", " HTTP/1.1\r\n", " HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/1.1\n", "\r\n"))
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		b.WriteString(pick("field", "Host: x\r\n", "Host: x\r\n", "host:tracker\r\n", "Connection: close\r\n", "connection:  Keep-Alive\t\r\n",
			"X-Forwarded-For: 192.0.2.7\r\n", "X-forwarded-for:192.0.2.8, 10.0.0.1\r\n", "Accept: */*\r\n", "X-Y:\r\n", "Content-Length: 0\r\n",
			"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", " folded\r\n", "X-Y: z\n", "Expect: 100-continue\r\n", "X-\x80: y\r\n"))
	}
	b.WriteString(pick("end", "\r\n", "\r\n", "\r\n", "\r\n", "\n", ""))
	return b.String()
})

func TestPipelinesAgainstNetHTTP(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkAgainstNetHTTP(t, []byte(strings.Join(rapid.SliceOfN(genRequest, 1, 4).Draw(t, "requests"), "")))
	})
}

// Reading a plain request costs no memory, nor does writing its reply; but a key is kept.
func TestPlainAllocations(t *testing.T) {
	_, w := newEcho()
	w.tracker = silentSwarm{}
	m := scratch{body: make([]byte, 0, 4096), out: make([]byte, 0, 4096)}
	in := []byte(strings.Replace(plainHead, "\r\n\r\n", "\r\nX-Forwarded-For: 192.0.2.7, 10.0.0.1\r\nConnection: keep-alive\r\n\r\n", 1))
	without := bytes.Replace(in, []byte("&key=7185a534"), nil, 1)
	for _, test := range []struct {
		in   []byte
		want float64
	}{{in, 1}, {without, 0}} {
		got := testing.AllocsPerRun(1000, func() {
			if _, next := w.answer(context.Background(), &m, test.in, proxyPeer); next != keepOpen {
				t.Fatal(next)
			}
		})
		if got > test.want {
			t.Errorf("%g allocations, not %g, for %q", got, test.want, test.in)
		}
	}
}

type silentSwarm struct{ echoSwarm }

func (silentSwarm) Announce(context.Context, tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	return tracker.AnnounceResponse{}, nil
}

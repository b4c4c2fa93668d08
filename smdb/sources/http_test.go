package sources

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

func newHTTP(t *testing.T, settings HTTPSettings) *httpSource {
	t.Helper()
	return opened(t, settings.openHTTP).(*httpSource)
}

var httpAnswers = []struct {
	name, path, body string
	want             tracker.Location
	err              error
}{
	{"short form", `host.rack`, `{"host": {"rack": "r1"}}`, "r1", nil},
	{"root given", `$.host.rack`, `{"host": {"rack": "r1"}}`, "r1", nil},
	{"list", `[0].rack`, `[{"rack": "r1"}]`, "r1", nil},
	{"quoted name", `host['rack,name']`, `{"host": {"rack,name": "r1"}}`, "r1", nil},
	{"filter", `$.interfaces[?@.ip == "10.1.2.3" && @.n == 1].rack`, `{"interfaces": [{"ip": "10.1.2.2", "rack": "r2"}, {"ip": "10.1.2.3", "n": 1, "rack": "r1"}]}`, "r1", nil},
	{"anywhere", `$..rack`, `{"a": [{"b": {"rack": "r1"}}]}`, "r1", nil},
	{"path of groups", `at`, `{"at": "dc1/row3/r1"}`, "dc1/row3/r1", nil},
	{"the whole answer", `$`, `"dc1/r1"`, "dc1/r1", nil},
	{"groups", `dc, $.row ,rack`, `{"dc": "dc1", "row": 3, "rack": "r1"}`, "dc1/3/r1", nil},
	{"byte order mark", `rack`, "\ufeff" + `{"rack": "r1"}`, "r1", nil},
	{"number", `rack`, `{"rack": 17}`, "17", nil},
	{"large number", `rack`, `{"rack": 12345678901234567890123}`, "12345678901234567890123", nil},

	{"names", `rack`, `{"rack": " DC1:R17/FA 12/A%2F12/Käfig-3"}`, "DC1%3AR17/FA%2012/A%2F12/K%C3%A4fig-3", nil},
	{"a slash in a group", `dc,rack`, `{"dc": "dc1/row3", "rack": "%2F"}`, "dc1%2Frow3/%252F", nil},
	{"one rack twice", `$..rack`, `[{"rack": "r1"}, {"rack": "r1 "}]`, "r1", nil},
	{"one path twice", `$..dc,$..rack`, `[{"rack": "r1", "dc": 1}, {"rack": "r1"}]`, "1/r1", nil},

	{"null", `host.rack`, `null`, "", smdb.ErrNotFound},
	{"null as a rack", `$`, `null`, "", smdb.ErrNotFound},
	{"no members", `host.rack`, `{}`, "", smdb.ErrNotFound},
	{"no elements", `$[0].rack`, ` [ ] `, "", smdb.ErrNotFound},
	{"no host", `host.rack`, `{"host": null}`, "", smdb.ErrNotFound},
	{"no host in a list", `results[0].rack.name`, `{"count": 0, "results": []}`, "", smdb.ErrNotFound},
	{"no host for any group", `results[0].dc,results[0].rack`, `{"count": 0, "results": []}`, "", smdb.ErrNotFound},

	{"no rack", `host.rack`, `{"host": {"name": "web1"}}`, "", smdb.ErrInvalid},
	{"an error", `host.rack`, `{"error": "database is down"}`, "", smdb.ErrInvalid},
	{"rack null", `host.rack`, `{"host": {"rack": null}}`, "", smdb.ErrInvalid},
	{"rack true", `rack`, `{"rack": true}`, "", smdb.ErrInvalid},
	{"rack list", `rack`, `{"rack": ["r1"]}`, "", smdb.ErrInvalid},
	{"rack object", `rack`, `{"rack": {"name": "r1"}}`, "", smdb.ErrInvalid},
	{"rack empty", `rack`, `{"rack": ""}`, "", smdb.ErrInvalid},
	{"rack fraction", `rack`, `{"rack": 17.0}`, "", smdb.ErrInvalid},
	{"rack null in a record", `results[0].rack.name`, `{"results": [{"name": "web1", "rack": null}]}`, "", smdb.ErrInvalid},
	{"rack null in each record", `*.rack.name`, `{"web1": {"rack": null}}`, "", smdb.ErrInvalid},
	{"rack of blanks", `rack`, `{"rack": " "}`, "", smdb.ErrInvalid},
	{"too many groups", `rack`, `{"rack": "a/b/c/d/e"}`, "", smdb.ErrInvalid},
	{"a group is missing", `dc,rack`, `{"rack": "r1"}`, "", smdb.ErrInvalid},
	{"nothing for a group", `dc.name,rack`, `{"dc": {}, "rack": "r1"}`, "", smdb.ErrInvalid},
	{"two racks", `$..rack`, `[{"rack": "r1"}, {"rack": "r2"}]`, "", smdb.ErrInvalid},
	{"two racks, one null", `$..rack`, `[{"rack": "r1"}, {"rack": null}]`, "", smdb.ErrInvalid},
	{"one name twice", `rack`, `{"rack": "r1", "rack": "r2"}`, "", smdb.ErrInvalid},
	{"one name twice elsewhere", `rack`, `{"rack": "r1", "x": [{"a": 1, "a": 1}]}`, "", smdb.ErrInvalid},

	{"a number alone", `$`, `17`, "", errFailure},
	{"nothing", `rack`, ``, "", errFailure},
	{"a page", `rack`, `<html><body>Bad gateway</body></html>`, "", errFailure},
	{"cut short", `rack`, `{"rack": "r1"`, "", errFailure},
	{"more behind it", `rack`, `{"rack": "r1"} {}`, "", errFailure},
	{"nested deep", `$..rack`, strings.Repeat(`{"rack":`, 200) + "1" + strings.Repeat("}", 200), "", errFailure},
}

func TestHTTPParses(t *testing.T) {
	for _, tt := range httpAnswers {
		h := newHTTP(t, HTTPSettings{HTTPURL: "http://cmdb.example/{ip}", HTTPPath: tt.path})
		place, err := h.parse([]byte(tt.body))
		if place != (tracker.Place{Location: tt.want}) || kind(err) != tt.err {
			t.Errorf("%s: %+v, %v; want %q, %v", tt.name, place, err, tt.want, tt.err)
		}
	}
}

func TestHTTPHostname(t *testing.T) {
	for body, want := range map[string]string{
		`{"rack": "r1", "host": {"name": "web1"}}`:                             "web1",
		`{"rack": "r1", "host": {"name": null}}`:                               "",
		`{"rack": "r1", "host": {}}`:                                           "",
		`{"rack": "r1"}`:                                                       "",
		`{"rack": "r1", "host": {"name": 17}}`:                                 "invalid",
		`{"rack": "r1", "host": {"name": "a\n"}}`:                              "invalid",
		`{"rack": "r1", "host": {"name": "` + strings.Repeat("a", 256) + `"}}`: "invalid",
	} {
		h := newHTTP(t, HTTPSettings{HTTPURL: "http://cmdb.example/{ip}", HTTPPath: "rack", HTTPHostnamePath: "host.name"})
		place, err := h.parse([]byte(body))
		if want == "invalid" {
			if kind(err) != smdb.ErrInvalid {
				t.Errorf("%s: %+v, %v", body, place, err)
			}
		} else if err != nil || place != (tracker.Place{Location: "r1", Hostname: want}) {
			t.Errorf("%s: %+v, %v", body, place, err)
		}
	}
}

// Whatever is accepted is a valid place, and only an empty answer is that of a
// service that does not know the host.
func FuzzHTTPParse(f *testing.F) {
	for _, tt := range httpAnswers {
		f.Add(tt.path, []byte(tt.body))
	}
	f.Add(`$[?length(@.x) > 1 && match(@.y, 'a.*')]..rack`, []byte(`[{"x": 1e999, "rack": "r1"}, {"y": "ab"}]`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		places, err := parseJSONPaths(path)
		if err != nil || len(places) > tracker.MaxGroups {
			return
		}
		place, err := (&httpSource{paths: places, hostname: places[0]}).parse(body)
		if err != nil && place != (tracker.Place{}) {
			t.Fatalf("%+v with %v", place, err)
		}
		if err == nil {
			if _, err := tracker.ReadLocation(string(place.Location)); err != nil {
				t.Fatal(err)
			}
		}
		if kind(err) != errFailure && !json.Valid(withoutBOM(body)) {
			t.Fatalf("%v of what is no JSON", err)
		}
	})
}

func TestHTTPRefuses(t *testing.T) {
	const url = "https://cmdb.example/{ip}"
	for _, tt := range []struct {
		settings HTTPSettings
		text     string
	}{
		{HTTPSettings{}, "HTTP_URL: must be set"},
		{HTTPSettings{HTTPURL: "http://cmdb.example"}, "HTTP_URL: must hold {ip}"},
		{HTTPSettings{HTTPURL: "http://cmdb.example?ip=", HTTPPath: "rack"}, "HTTP_URL: may hold a query only"},
		{HTTPSettings{HTTPURL: "http://{ip}/", HTTPPath: "rack"}, "HTTP_URL: cannot be read"},
		{HTTPSettings{HTTPURL: "http://{ip}:secret@cmdb.example/", HTTPPath: "rack"}, "HTTP_URL: cannot be read"},
		{HTTPSettings{HTTPURL: "http://cmdb.example/#{ip}", HTTPPath: "rack"}, "HTTP_URL: may not hold a fragment"},
		{HTTPSettings{HTTPURL: url}, "HTTP_PATH: an expression is missing"},
		{HTTPSettings{HTTPURL: url, HTTPPath: "dc,"}, "HTTP_PATH: an expression is missing"},
		{HTTPSettings{HTTPURL: url, HTTPPath: "a.b-c"}, "HTTP_PATH: $.a.b-c: "},
		{HTTPSettings{HTTPURL: url, HTTPPath: "$.a['"}, "HTTP_PATH: "},
		{HTTPSettings{HTTPURL: url, HTTPPath: "a,b,c,d,e"}, "HTTP_PATH: a path has at most 4"},
		{HTTPSettings{HTTPURL: url, HTTPPath: "a", HTTPHostnamePath: "a,b"}, "HTTP_HOSTNAME_PATH: "},
		{HTTPSettings{HTTPURL: url, HTTPPath: "a", HTTPToken: "secret word"}, "HTTP_TOKEN: "},
		{HTTPSettings{HTTPURL: url, HTTPPath: "a", HTTPCAFile: "missing.pem"}, "HTTP_CA_FILE: "},
	} {
		_, err := tt.settings.openHTTP(smdb.Env{Timeout: longTimeout})
		if err == nil || !strings.HasPrefix(err.Error(), tt.text) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v, want %q", tt.settings, err, tt.text)
		}
	}
}

// What joins expressions by commas is split into the same again.
func TestSplitAtCommas(t *testing.T) {
	expression := rapid.SampledFrom([]string{
		"rack", "$.host.rack", "['a,b']", `["a\"],"]`, `$[?match(@.a, 'x,y')]`, "$['a','b']", `$.a[?@.b == "]"].c`, "", `['\'']`,
	})
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(expression, 1, 6).Draw(t, "parts")
		if got := splitAtCommas(strings.Join(parts, ",")); !slices.Equal(got, parts) {
			t.Fatalf("%q, want %q", got, parts)
		}
	})
}

// The address goes where {ip} stands, and reads back as it was.
func TestHTTPAsks(t *testing.T) {
	var asked atomic.Value
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		asked.Store(fmt.Sprint(r.Method, " ", r.URL.EscapedPath(), " ", r.URL.Query(), " ", r.Header.Get("Authorization") == "Bearer geheim", " ", user))
		io.WriteString(w, `{"rack": "r1"}`)
	})
	host := strings.TrimPrefix(base, "http://")
	for _, tt := range []struct{ url, ip, token, want string }{
		{base + "/{ip}", "10.1.2.3", "", "GET /10.1.2.3 map[] false "},
		{base + "/{ip}", "2001:db8::1", "geheim", "GET /2001:db8::1 map[] true "},
		{base + "/api/hosts/{ip}/rack?x=1", "2001:db8::1", "", "GET /api/hosts/2001:db8::1/rack map[x:[1]] false "},
		{base + "/a%2Fb/{ip}", "10.1.2.3", "", "GET /a%2Fb/10.1.2.3 map[] false "},
		{base + "?address={ip}&key=a%26b&again={ip}", "2001:db8::1", "", "GET / map[address:[2001:db8::1] again:[2001:db8::1] key:[a&b]] false "},
		{"http://me:pw@" + host + "/{ip}", "10.1.2.3", "", "GET /10.1.2.3 map[] false me"},
	} {
		h := newHTTP(t, HTTPSettings{HTTPURL: URL(tt.url), HTTPPath: "rack", HTTPToken: tt.token})
		place, err := h.Locate(t.Context(), netip.MustParseAddr(tt.ip))
		if err != nil || place.Location != "r1" || asked.Load() != tt.want {
			t.Errorf("%s: %+v, %v; asked %q, want %q", tt.url, place, err, asked.Load(), tt.want)
		}
	}
}

func TestHTTPStatus(t *testing.T) {
	for status, want := range map[int]error{
		200: nil, 204: smdb.ErrNotFound, 404: smdb.ErrNotFound,
		201: errFailure, 206: errFailure, 302: errFailure, 401: errFailure, 410: errFailure, 429: errFailure, 500: errFailure, 503: errFailure,
	} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, `{"rack": "r1"}`)
		})
		h := newHTTP(t, HTTPSettings{HTTPURL: URL(base + "/{ip}"), HTTPPath: "rack"})
		if place, err := h.Locate(t.Context(), hostAddr); kind(err) != want {
			t.Errorf("%d: %+v, %v; want %v", status, place, err, want)
		}
	}
}

// Neither a password nor a key in the URL is in the error.
func TestHTTPDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	h := newHTTP(t, HTTPSettings{HTTPURL: URL("http://me:geheim@" + address + "/{ip}?key=geheim"), HTTPPath: "rack"})
	_, err = h.Locate(t.Context(), hostAddr)
	if kind(err) != errFailure || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "geheim") {
		t.Error(err)
	}
}

// No connection stays open behind a source that is closed.
func TestCloseEndsConnections(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(well))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	settings := &Settings{
		SMDBSettings: SMDBSettings{SMDBURL: URL(server.URL), SMDBFields: "cabinet"},
		HTTPSettings: HTTPSettings{HTTPURL: URL(server.URL + "/{ip}"), HTTPPath: "$.*.cabinet"},
	}
	for _, openSource := range []func(smdb.Env) (smdb.Source, error){settings.openSMDB, settings.openHTTP} {
		source := opened(t, openSource)
		if _, err := source.Locate(t.Context(), hostAddr); err != nil || open.Load() != 1 {
			t.Fatalf("%v with %d connections", err, open.Load())
		}
		source.(io.Closer).Close()
		for deadline := time.Now().Add(longTimeout); open.Load() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d connections stay", open.Load())
			}
		}
	}
}

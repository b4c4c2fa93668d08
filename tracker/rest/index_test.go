package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// A browser gets a page whose links lead somewhere, and which may load nothing.
func TestIndexPage(t *testing.T) {
	h := handle(full(t), Options{}, nil)
	r := request(http.MethodGet, "/", nil, "Accept", browser)
	r.Host = "tracker.example:6969"
	w := serve(h, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<code>http://tracker.example:6969/announce</code>") {
		t.Errorf("status %d\n%s", w.Code, w.Body)
	}
	checkHeader(t, w, "Content-Type", "text/html; charset=utf-8")
	checkHeader(t, w, "Content-Security-Policy", indexPolicy)
	checkHeader(t, w, "X-Content-Type-Options", "nosniff")
	checkHeader(t, w, "Vary", "Accept")
	if w := serve(h, request(http.MethodPost, "/", nil)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	page, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for node := range page.Descendants() {
		if node.Data == "script" || node.Data == "style" {
			t.Errorf("the page has a %s, which its policy forbids", node.Data)
		}
		for _, a := range node.Attr {
			if a.Key != "href" || !strings.HasPrefix(a.Val, "/") {
				continue
			}
			links++
			if got := serve(h, request(http.MethodGet, a.Val, nil)); got.Code != http.StatusOK && a.Val != "/metrics" {
				t.Errorf("%s: status %d", a.Val, got.Code)
			}
		}
	}
	if links != 4 { // and one to the documentation
		t.Errorf("%d links", links)
	}
}

// All others get the same in JSON.
func TestIndexJSON(t *testing.T) {
	for _, accept := range []string{"", "*/*", "application/json"} {
		w := serve(handle(full(t), Options{}, nil), request(http.MethodGet, "/", nil, "Accept", accept))
		var got index
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Fatalf("Accept %q: status %d, %v\n%s", accept, w.Code, err, w.Body)
		}
		if got.Announce != "http://example.com/announce" || got.Transfers != "/transfers/" {
			t.Errorf("Accept %q: %+v", accept, got)
		}
		checkHeader(t, w, "Content-Type", "application/json")
		checkHeader(t, w, "Vary", "Accept")
	}
}

// What a request says of itself is shown as text.
func TestIndexEscapes(t *testing.T) {
	r := request(http.MethodGet, "/", nil, "Accept", browser)
	r.Host = `x"><script>alert(1)</script>`
	if w := serve(handle(full(t), Options{}, nil), r); strings.Contains(w.Body.String(), "<script") {
		t.Errorf("the page holds\n%s", w.Body)
	}
}

// The scheme is https if a proxy says so that is believed: clientaddr drops the word of others.
func TestIndexScheme(t *testing.T) {
	for _, test := range []struct {
		proxyPass bool
		proto     string
		want      string
	}{
		{true, "https", "https://example.com/announce"},
		{true, "HTTPS", "https://example.com/announce"},
		{true, "http", "http://example.com/announce"},
		{true, "javascript", "http://example.com/announce"},
		{true, "", "http://example.com/announce"},
		{false, "https", "http://example.com/announce"},
	} {
		w := serve(handle(full(t), Options{ProxyPass: test.proxyPass}, nil), request(http.MethodGet, "/", nil, "X-Forwarded-Proto", test.proto))
		if !strings.Contains(w.Body.String(), `"announce": "`+test.want+`"`) {
			t.Errorf("%+v: %s", test, w.Body)
		}
	}
}

// What browsers and crawlers ask for by themselves is no error, which would be logged.
func TestIndexQuiet(t *testing.T) {
	for path, want := range map[string]int{"/favicon.ico": 204, "/robots.txt": 200} {
		var log strings.Builder
		if w := serve(debugged(full(t), Options{}, &log), request(http.MethodGet, path, nil)); w.Code != want || log.Len() > 0 {
			t.Errorf("%s: status %d, logged %q", path, w.Code, log.String())
		}
	}
}

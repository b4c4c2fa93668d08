package rest

import (
	"net/http"
	"testing"
)

const token = "correct horse"

func TestAdmin(t *testing.T) {
	for name, test := range map[string]struct {
		token  string // ADMIN_TOKEN
		from   string
		host   string
		header []string
		want   int
	}{
		"loopback":                         {from: "127.0.0.1:1", want: 200},
		"loopback network":                 {from: "127.8.9.10:1", want: 200},
		"IPv6 loopback":                    {from: "[::1]:1", want: 200},
		"mapped loopback":                  {from: "[::ffff:127.0.0.1]:1", want: 200},
		"loopback by any name":             {from: "127.0.0.1:1", host: "tracker.example", want: 200},
		"elsewhere":                        {from: "10.0.0.1:1", want: 403},
		"elsewhere with a token":           {from: "10.0.0.1:1", header: bearer(token), want: 403},
		"elsewhere with an empty token":    {from: "10.0.0.1:1", header: bearer(""), want: 403},
		"IPv6 elsewhere":                   {from: "[2001:db8::1]:1", want: 403},
		"no address":                       {from: "@", want: 403},
		"behind a proxy":                   {from: "127.0.0.1:1", header: []string{"X-Forwarded-For", "127.0.0.1"}, want: 403},
		"behind a proxy that says nothing": {from: "127.0.0.1:1", header: []string{"X-Forwarded-For", ""}, want: 403},
		"behind a proxy of RFC 7239":       {from: "127.0.0.1:1", header: []string{"Forwarded", "for=127.0.0.1"}, want: 403},
		"behind an nginx":                  {from: "127.0.0.1:1", header: []string{"X-Real-IP", "127.0.0.1"}, want: 403},

		"token":              {token: token, from: "10.0.0.1:1", header: bearer(token), want: 200},
		"scheme in any case": {token: token, from: "10.0.0.1:1", header: []string{"Authorization", "bearer  " + token}, want: 200},
		"token by a proxy":   {token: token, from: "10.0.0.1:1", header: append(bearer(token), "X-Forwarded-For", "10.9.9.9"), want: 200},
		"no token":           {token: token, from: "127.0.0.1:1", want: 401},
		"wrong token":        {token: token, from: "127.0.0.1:1", header: bearer("correct horsf"), want: 401},
		"token's beginning":  {token: token, from: "127.0.0.1:1", header: bearer("correct"), want: 401},
		"longer token":       {token: token, from: "127.0.0.1:1", header: bearer(token + "s"), want: 401},
		"empty token":        {token: token, from: "127.0.0.1:1", header: bearer(""), want: 401},
		"other scheme":       {token: token, from: "127.0.0.1:1", header: []string{"Authorization", "Basic " + token}, want: 401},
		"no scheme":          {token: token, from: "127.0.0.1:1", header: []string{"Authorization", token}, want: 401},

		"own page":                    {from: "127.0.0.1:1", host: "localhost:6969", header: origin("http://localhost:6969"), want: 200},
		"own page by address":         {from: "127.0.0.1:1", host: "127.0.0.1:6969", header: origin("http://127.0.0.1:6969"), want: 200},
		"own page by IPv6":            {from: "[::1]:1", host: "[::1]", header: origin("http://[::1]"), want: 200},
		"other page":                  {from: "127.0.0.1:1", host: "localhost:6969", header: origin("http://evil.example"), want: 403},
		"page of another port":        {from: "127.0.0.1:1", host: "localhost:6969", header: origin("http://localhost:80"), want: 403},
		"page without origin":         {from: "127.0.0.1:1", host: "localhost:6969", header: origin("null"), want: 403},
		"cross-site":                  {from: "127.0.0.1:1", host: "localhost:6969", header: []string{"Sec-Fetch-Site", "cross-site"}, want: 403},
		"page whose name is rebound":  {from: "127.0.0.1:1", host: "evil.example", header: origin("http://evil.example"), want: 403},
		"other page with a token":     {token: token, from: "127.0.0.1:1", host: "a.example", header: append(bearer(token), origin("http://b.example")...), want: 403},
		"own page with a token":       {token: token, from: "10.0.0.1:1", host: "a.example", header: append(bearer(token), origin("http://a.example")...), want: 200},
		"own page with a wrong token": {token: token, from: "127.0.0.1:1", host: "localhost", header: append(bearer("x"), origin("http://localhost")...), want: 401},
	} {
		t.Run(name, func(t *testing.T) {
			for method, paths := range map[string][]string{
				http.MethodPost:   {"/torrents/new.torrent", "/locations/refresh"},
				http.MethodDelete: {"/torrents/build-42.torrent", "/transfers", "/transfers/" + hash(0xab).String() + ".json"},
			} {
				for _, path := range paths {
					checkAdmin(t, test.token, method, path, test.from, test.host, test.header, test.want)
				}
			}
		})
	}
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func origin(site string) []string { return []string{"Origin", site} }

// checkAdmin sends a state change. Want is 200, 401 or 403; a change that is
// refused must leave everything as it was. Reading is free in any case.
func checkAdmin(t *testing.T, token, method, path, from, host string, header []string, want int) {
	t.Helper()
	f := full(t)
	h := handle(f, Options{AdminToken: token}, nil)
	r := request(method, path, nil, header...)
	r.RemoteAddr, r.Host = from, host
	w := serve(h, r)
	if want == http.StatusOK {
		if w.Code == 401 || w.Code == 403 {
			t.Errorf("%s %s: status %d: %s", method, path, w.Code, w.Body)
		}
		return
	}
	code := map[int]string{401: "unauthorized", 403: "forbidden"}[want]
	if got := errorOf(t, w.Body.Bytes()); w.Code != want || got != code {
		t.Errorf("%s %s: status %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	if want == http.StatusUnauthorized {
		checkHeader(t, w, "WWW-Authenticate", `Bearer realm="p2ptracker"`)
	}
	if len(f.active) != 2 || len(f.torrents) != 1 || f.generation != 0 {
		t.Errorf("%s %s: changed state", method, path)
	}
	read := request(http.MethodGet, "/transfers", nil, header...)
	read.RemoteAddr, read.Host = from, host
	if w := serve(h, read); w.Code != http.StatusOK {
		t.Errorf("GET: status %d", w.Code)
	}
}

package rest

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed index.html
var indexText string

var indexPage = template.Must(template.New("index").Parse(indexText))

// indexPolicy lets the page load nothing, send nothing, and stand in no other page.
const indexPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// index is what GET / says, to whoever does not know where to go.
type index struct {
	Name      string `json:"name"`
	Announce  string `json:"announce"` // as the client sees it
	Torrents  string `json:"torrents"`
	Transfers string `json:"transfers"`
	Metrics   string `json:"metrics"`
	Health    string `json:"health"`
	Docs      string `json:"docs"`
}

// getIndex answers a browser with a page, and all others with the same in JSON.
func (s *server) getIndex(w http.ResponseWriter, r *http.Request, _ string) error {
	said := index{
		Name: "p2ptracker", Announce: s.ownURL(r) + "/announce",
		Torrents: "/torrents/", Transfers: "/transfers/", Metrics: "/metrics", Health: "/healthz",
		Docs: "https://github.com/p2ptracker/p2ptracker#readme",
	}
	w.Header().Set("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return writeJSON(w, http.StatusOK, said)
	}
	var page bytes.Buffer
	if err := indexPage.Execute(&page, said); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	w.Header().Set("Content-Security-Policy", indexPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	write(w, http.StatusOK, "text/html; charset=utf-8", page.Bytes())
	return nil
}

// ownURL is where the client sees the tracker, without a slash at its end. Only a trusted
// proxy's X-Forwarded-Proto gets here with PROXYPASS, and none is believed without.
func (s *server) ownURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || s.opts.ProxyPass && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// getIcon keeps browsers quiet, which ask for one by themselves.
func (s *server) getIcon(w http.ResponseWriter, _ *http.Request, _ string) error {
	w.Header().Set("Cache-Control", "max-age=86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// getRobots sends crawlers away.
func (s *server) getRobots(w http.ResponseWriter, _ *http.Request, _ string) error {
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n"))
	return nil
}

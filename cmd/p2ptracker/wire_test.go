package main

import (
	"net/http"
	"testing"
)

func TestRoute(t *testing.T) {
	var got string
	name := func(name string) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) { got = name }
	}
	handler := route(name("clients"), name("people"), name("metrics"))
	for path, want := range map[string]string{
		"/announce": "clients", "/announce/": "clients", "/scrape": "clients", "/scrape/": "clients",
		"/scrape/0123": "clients", "/scrape//": "clients", "/announce/0123.json": "clients",
		"/scrape/0123.json": "people", "/scrape/0123.json/": "people", "/scrape/.json": "people", "/scrape.json": "people",
		"/": "people", "/announces": "people", "/torrents/": "people", "/torrents/announce": "people",
		"//announce": "people", "/healthz": "people",
		"/metrics": "metrics", "/metrics/": "metrics", "/metrics/x": "people", "/metrics.json": "people",
	} {
		r, err := http.NewRequest(http.MethodGet, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(nil, r)
		if got != want {
			t.Errorf("%s goes to %s, want %s", path, got, want)
		}
	}
}

package rest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestRefreshLocations(t *testing.T) {
	f := newFake()
	var log bytes.Buffer
	h := handle(f, Options{AdminToken: token}, &log)
	for i, path := range []string{"/locations/refresh", "/locations/refresh/"} {
		w := serve(h, request(http.MethodPost, path, nil, bearer(token)...))
		want := "{\n  \"generation\": " + string(rune('1'+i)) + "\n}\n"
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
		checkHeader(t, w, "Content-Type", "application/json")
	}
	if lines := strings.Count(log.String(), "locations are asked for anew"); lines != 2 {
		t.Errorf("logged %q", log.String())
	}

	f.err = tracker.ErrUnavailable
	w := serve(h, request(http.MethodPost, "/locations/refresh", nil, bearer(token)...))
	if code := errorOf(t, w.Body.Bytes()); w.Code != http.StatusServiceUnavailable || code != "unavailable" {
		t.Errorf("without Redis: status %d, %s", w.Code, w.Body)
	}
}

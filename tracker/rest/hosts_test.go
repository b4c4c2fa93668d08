package rest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestDropHost(t *testing.T) {
	for query, want := range map[string]struct {
		status int
		body   string
	}{
		"?address=10.0.0.2:6881":   {200, "10.0.0.2:6881"},
		"?address=10.0.0.2":        {200, "10.0.0.2:6881"},
		"?address=10.0.0.3":        {404, "no host at this address"},
		"?address=10.0.0.2:0":      {400, "bad_request"},
		"?address=web2":            {400, "bad_request"},
		"?address=":                {400, "bad_request"},
		"":                         {400, "bad_request"},
		"?host=10.0.0.2":           {400, "bad_request"},
		"?address=[::1]:1&rack=r1": {400, "bad_request"},
	} {
		f, log := full(t), &bytes.Buffer{}
		w := serve(handle(f, Options{}, log), request(http.MethodDelete, "/transfers/peers/"+hash(0xab).String()+".json"+query, nil))
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.body) {
			t.Errorf("%s: status %d, %s; expected %d, %s", query, w.Code, w.Body, want.status, want.body)
		}
		if dropped := len(f.hosts) < 2; dropped != (want.status == 200) || dropped != strings.Contains(log.String(), "host dropped") {
			t.Errorf("%s: %d hosts are left; logged %s", query, len(f.hosts), log)
		}
	}
}

// Whoever may not change anything drops nobody.
func TestDropHostNeedsTheToken(t *testing.T) {
	f := full(t)
	w := serve(handle(f, Options{AdminToken: "secret"}, nil),
		request(http.MethodDelete, "/transfers/peers/"+hash(0xab).String()+".json?address=10.0.0.2", nil))
	if w.Code != http.StatusUnauthorized || len(f.hosts) != 2 {
		t.Errorf("status %d, %d hosts are left", w.Code, len(f.hosts))
	}
}

func TestListHostsRefusesAState(t *testing.T) {
	w := serve(handle(full(t), Options{}, nil), request(http.MethodGet, "/transfers/hosts/"+hash(0xab).String()+".json?state=gone", nil))
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
}

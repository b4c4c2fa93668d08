package rest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestUnknownParameters asks every path for what it does not know.
func TestUnknownParameters(t *testing.T) {
	known := hash(0xab).String()
	pages, lists := "cursor limit", "cursor limit rack"
	for path, methods := range map[string]map[string]string{ // the parameters that each method knows
		"/torrents":                           {"GET": pages, "HEAD": pages},
		"/torrents/build-42.torrent":          {"GET": "", "POST": "", "DELETE": ""},
		"/transfers":                          {"GET": pages, "DELETE": ""},
		"/transfers/" + known + ".json":       {"GET": "rack racks " + pages, "DELETE": ""},
		"/transfers/peers/" + known + ".json": {"GET": lists}, "/transfers/seeders/" + known + ".json": {"GET": lists},
		"/transfers/leechers/" + known + ".json": {"GET": lists}, "/transfers/racks/" + known + ".json": {"GET": lists},
		"/transfers/representants/" + known + ".json":   {"GET": lists},
		"/transfers/representatives/" + known + ".json": {"GET": lists, "HEAD": lists},
		"/locations/refresh":                            {"POST": ""},
		"/scrape/" + known + ".json":                    {"GET": ""},
		"/healthz":                                      {"GET": ""},
		"/readyz":                                       {"GET": ""},
	} {
		for method, knows := range methods {
			for _, name := range []string{"raks", "Rack", "limit", "cursor", "rack", "racks", "<b>", "ü"} {
				f := full(t)
				w := serve(handle(f, Options{}, nil), request(method, path+"?"+name+"=0", nil))
				refused := strings.Contains(w.Body.String(), "no query parameter")
				if want := !slices.Contains(strings.Fields(knows), name); refused != want || want && w.Code != http.StatusBadRequest {
					t.Errorf("%s %s?%s: status %d, %s", method, path, name, w.Code, w.Body)
				}
				if refused && !strings.Contains(messageOf(t, w.Body.Bytes()), `"`+name+`"`) {
					t.Errorf("%s %s?%s is not named: %s", method, path, name, w.Body)
				}
				if len(f.torrents) != 1 || len(f.active) != 2 || f.generation != 0 {
					t.Errorf("%s %s?%s has changed something", method, path, name)
				}
			}
		}
	}
}

func messageOf(t *testing.T, body []byte) string {
	t.Helper()
	var reply struct {
		Error struct{ Message string }
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return reply.Error.Message
}

func TestBadParameters(t *testing.T) {
	known := hash(0xab).String()
	long := strings.Repeat("x", 1000)
	for target, want := range map[string]string{
		"peers/" + known + ".json?limit=1&limit=2":  `the query parameter "limit" is there twice`,
		"peers/" + known + ".json?limit=%zz":        "malformed",
		"peers/" + known + ".json?limit=1;cursor=1": "malformed",
		"peers/" + known + ".json?raks=1":           `there is no query parameter "raks" here, only cursor, limit, rack`,
		"peers/" + known + ".json?" + long + "=1":   `"` + long[:maxShown] + `"`,
		"peers/" + known + ".json?rack=":            "rack: ",
		"peers/" + known + ".json?rack=a/b/c/d/e/f": "rack: ",
		known + ".json?rack=a//b":                   "rack: ",
		known + ".json?racks=true":                  "racks is 0 or 1",
		known + ".json?racks":                       "racks is 0 or 1",
		known + ".json?racks=1&progress=1":          `there is no query parameter "progress" here, only rack, racks`,
		"?all=1":                                    `there is no query parameter "all" here, only cursor, limit`,
	} {
		w := serve(handle(full(t), Options{}, nil), request(http.MethodGet, "/transfers/"+target, nil))
		if got := messageOf(t, w.Body.Bytes()); w.Code != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: status %d, %s, want %s", target, w.Code, got, want)
		}
	}
}

// TestStrangersLearnNothing: who may not change anything is told that first.
func TestStrangersLearnNothing(t *testing.T) {
	h := handle(full(t), Options{AdminToken: token}, nil)
	if w := serve(h, request(http.MethodDelete, "/transfers?x=1", nil)); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

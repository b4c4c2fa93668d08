package rest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/bencode"
)

// torrentOf is a torrent of a byte, private or not, with an announce URL or none.
func torrentOf(t *testing.T, private bool, announce string) string {
	t.Helper()
	info := map[string]any{"name": "x", "piece length": 16384, "length": 1, "pieces": strings.Repeat("x", 20)}
	if private {
		info["private"] = 1
	}
	file := map[string]any{"info": info}
	if announce != "" {
		file["announce"] = announce
	}
	text, err := bencode.EncodeString(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWarnings(t *testing.T) {
	const good = "http://tracker:6969/announce"
	for name, test := range map[string]struct {
		private  bool
		announce string
		from     string
		header   []string
		want     []string
	}{
		"nothing wrong":           {true, good, "192.0.2.1:1", nil, nil},
		"all wrong":               {false, "", "192.0.2.1:1", nil, []string{"not private", "no announce URL"}},
		"loopback from elsewhere": {true, "http://127.0.0.1:6969/announce", "192.0.2.1:1", nil, []string{"No announce URL"}},
		"loopback from here":      {true, "http://127.0.0.1:6969/announce", "127.0.0.1:1", nil, nil},
		"loopback by a proxy":     {true, "http://127.0.0.1:6969/announce", "127.0.0.1:1", []string{"X-Forwarded-For", "192.0.2.1"}, []string{"No announce URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := handle(newFake(), Options{AdminToken: token}, nil)
			for _, status := range []int{http.StatusCreated, http.StatusOK} {
				r := request(http.MethodPost, "/torrents/x.torrent", strings.NewReader(torrentOf(t, test.private, test.announce)), bearer(token)...)
				r.RemoteAddr = test.from
				for i := 0; i < len(test.header); i += 2 {
					r.Header.Set(test.header[i], test.header[i+1])
				}
				w := serve(h, r)
				var got struct{ Warnings *[]string }
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != status || got.Warnings == nil {
					t.Fatalf("status %d, want %d: %s, %v", w.Code, status, w.Body, err)
				}
				if !slices.EqualFunc(*got.Warnings, test.want, strings.Contains) {
					t.Errorf("warnings %q, want %q", *got.Warnings, test.want)
				}
			}
		})
	}
}

func TestRequirePrivate(t *testing.T) {
	f := newFake()
	h := handle(f, Options{RequirePrivate: true}, nil)
	post := func(private bool) int {
		w := serve(h, request(http.MethodPost, "/torrents/x.torrent", strings.NewReader(torrentOf(t, private, ""))))
		if w.Code == http.StatusBadRequest && !strings.Contains(w.Body.String(), "REQUIRE_PRIVATE") {
			t.Errorf("refused for another reason: %s", w.Body)
		}
		return w.Code
	}
	if status := post(false); status != http.StatusBadRequest || len(f.torrents)+len(f.active) != 0 {
		t.Errorf("not private: status %d, stored %v", status, f.torrents)
	}
	if status := post(true); status != http.StatusCreated {
		t.Errorf("private: status %d", status)
	}
}

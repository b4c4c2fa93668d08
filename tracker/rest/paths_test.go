package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// full is a fake of two transfers and a torrent.
func full(t *testing.T) *fake {
	f := newFake()
	f.torrents["build-42"] = aTorrent(t, "build-42", 30)
	f.active[hash(0xab)] = "build-42"
	f.active[hash(0x01)] = ""
	start := time.Date(2024, 2, 29, 12, 0, 0, 5, time.FixedZone("", 3600))
	f.stats[hash(0xab)] = tracker.Statistics{
		Active: true, Peers: 3, Seeders: 1, Leechers: 1,
		FirstStarted: start, LastStarted: start.Add(time.Minute), FirstCompleted: start.Add(time.Hour), LastCompleted: start.Add(time.Hour),
		Length:   30,
		Progress: tracker.Progress{Hosts: 3, Seeded: 1, Done: 2, Left: 30},
	}
	f.racks[hash(0xab)] = map[tracker.Location]tracker.RackStatistics{
		"dc1/r17":                {Peers: 2, Representatives: 2, Seeders: 1, Progress: tracker.Progress{Hosts: 2, Seeded: 1, Done: 1, Left: 30}},
		"A%2F12":                 {Peers: 1},
		"K%C3%A4fig-3/DC1%3AR17": {Seeders: 1},
		"r2":                     {Progress: tracker.Progress{Hosts: 1, Done: 1}},
	}
	f.stats[hash(0x01)] = tracker.Statistics{Active: true}
	f.counts[hash(0xab)] = tracker.ScrapeEntry{InfoHash: hash(0xab), Complete: 1, Downloaded: 2, Incomplete: 3, Downloaders: 2}
	f.members = map[tracker.Set][]string{
		tracker.SetPeers:           {"10.0.0.1:6881", "[2001:db8::1]:6881"},
		tracker.SetSeeders:         {"10.0.0.1:6881"},
		tracker.SetRepresentatives: {"10.0.0.1:6881"},
		tracker.SetRacks:           {"dc1/r17", "r2", "A%2F12", "K%C3%A4fig-3/DC1%3AR17"},
	}
	f.hosts = []tracker.Host{
		{Addr: "10.0.0.1:6881", Place: tracker.Place{Location: "dc1/r17", Hostname: "web1"}, State: tracker.HostSeeding, Seeded: true},
		{Addr: "10.0.0.2:6881", Place: tracker.Place{Location: "r2"}, State: tracker.HostLeft, Left: tracker.LeftUnknown},
	}
	return f
}

// TestShapes holds every reply against its file in testdata, with and without a
// slash at the end, and with the hash in either case.
func TestShapes(t *testing.T) {
	known, idle := hash(0xab).String(), hash(0x01).String()
	for _, test := range []struct{ path, golden string }{
		{"/torrents", "torrents"},
		{"/transfers", "transfers"},
		{"/transfers/" + known + ".json", "statistics"},
		{"/transfers/" + known + ".json?racks=0", "statistics"},
		{"/transfers/" + known + ".json?racks=1", "racks-statistics"},
		{"/transfers/" + idle + ".json", "idle-statistics"},
		{"/transfers/" + idle + ".json?racks=1", "idle-racks-statistics"},
		{"/transfers/peers/" + known + ".json", "peers"},
		{"/transfers/seeders/" + known + ".json", "seeders"},
		{"/transfers/leechers/" + known + ".json", "leechers"},
		{"/transfers/representants/" + known + ".json", "representants"},
		{"/transfers/representatives/" + known + ".json", "representatives"},
		{"/transfers/racks/" + known + ".json", "racks"},
		{"/transfers/racks/" + known + ".json?rack=dc1", "rack"},
		{"/transfers/peers/" + known + ".json?rack=r9", "nobody"},
		{"/transfers/" + known + ".json?rack=dc1", "rack-statistics"},
		{"/transfers/" + known + ".json?racks=1&rack=dc1/r17", "rack-statistics"},
		{"/transfers/" + known + ".json?rack=dc", "no-racks-statistics"},
		{"/transfers/racks/" + known + ".json?limit=1", "racks-page"},
		{"/transfers/hosts/" + known + ".json", "hosts"},
		{"/transfers/hosts/" + known + ".json?state=left", "hosts-left"},
		{"/transfers/hosts/" + known + ".json?state=paused", "hosts-paused"},
		{"/scrape/" + known + ".json", "scrape"},
	} {
		want, err := os.ReadFile("testdata/" + test.golden + ".json")
		if err != nil {
			t.Fatal(err)
		}
		h := handle(full(t), Options{}, nil)
		path, query, _ := strings.Cut(test.path, "?")
		lower := strings.Replace(path, known, strings.ToLower(known), 1)
		for _, path := range []string{path, path + "/", lower, lower + "/"} {
			w := serve(h, request(http.MethodGet, path+"?"+query, nil))
			if w.Code != http.StatusOK || w.Body.String() != string(want) {
				t.Errorf("GET %s: status %d\n%s\nwant %s\n%s", path, w.Code, w.Body, test.golden, want)
			}
			checkHeader(t, w, "Content-Type", "application/json")
			checkHeader(t, w, "X-Content-Type-Options", "nosniff")
		}
	}
}

func checkHeader(t *testing.T, w interface{ Header() http.Header }, name, want string) {
	t.Helper()
	if got := w.Header().Get(name); got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// errorOf returns the code of an error's reply, whose message must not be empty.
func errorOf(t *testing.T, body []byte) string {
	t.Helper()
	var reply struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if reply.Error.Message == "" || !strings.HasSuffix(string(body), "}\n") {
		t.Errorf("reply %q", body)
	}
	return reply.Error.Code
}

func TestNotFoundAndBadRequests(t *testing.T) {
	known, unknown := hash(0xab).String(), hash(0x77).String()
	for path, want := range map[string]int{
		"//":                         404,
		"/announce":                  404,
		"/torrents//":                404,
		"/torrents/build-42":         404,
		"/torrents/a/b.torrent":      404,
		"/torrents/a%2Fb.torrent":    404,
		"/torrents/other.torrent":    404,
		"/torrents/.torrent":         400,
		"/torrents/..torrent":        400,
		"/torrents/...torrent":       400,
		"/torrents/....torrent":      404, // the name is "..."
		"/torrents/a%0Ab.torrent":    400,
		"/torrents/a%C2%85b.torrent": 400,
		"/torrents/a%FFb.torrent":    400,
		"/torrents/" + strings.Repeat("n", 255) + ".torrent":              404,
		"/torrents/" + strings.Repeat("n", 256) + ".torrent":              400,
		"/transfers/" + unknown + ".json":                                 404,
		"/transfers/" + known:                                             404,
		"/transfers/" + known + "0.json":                                  400,
		"/transfers/" + known[1:] + "g.json":                              400,
		"/transfers/.json":                                                400,
		"/scrape":                                                         404,
		"/scrape/" + known:                                                404,
		"/scrape/" + unknown + ".json":                                    404,
		"/scrape/a/" + known + ".json":                                    404,
		"/scrape/" + known + ".json//":                                    404,
		"/scrape/xyz.json":                                                400,
		"/scrape/.json":                                                   400,
		"/transfers/peers":                                                404,
		"/transfers/others/" + known + ".json":                            404,
		"/transfers/representatives/" + unknown + ".json":                 404,
		"/transfers/peers/" + unknown + ".json":                           404,
		"/transfers/peers/x.json":                                         400,
		"/transfers/peers/" + known + ".json?limit=0":                     400,
		"/transfers/peers/" + known + ".json?limit=-1":                    400,
		"/transfers/peers/" + known + ".json?limit=x":                     400,
		"/transfers/peers/" + known + ".json?limit=10001":                 400,
		"/transfers/peers/" + known + ".json?limit=9999999999999999999":   400,
		"/transfers?limit=0":                                              400,
		"/torrents?limit=x":                                               400,
		"/transfers/" + known + ".json?racks=1&limit=10001":               400,
		"/transfers/peers/" + known + ".json?cursor=x":                    400,
		"/transfers/peers/" + known + ".json?cursor=99999999999999999999": 400,
	} {
		w := serve(handle(full(t), Options{}, nil), request(http.MethodGet, path, nil))
		code := map[int]string{400: "bad_request", 404: "not_found"}[want]
		if got := errorOf(t, w.Body.Bytes()); w.Code != want || got != code {
			t.Errorf("GET %s: status %d, code %q, want %d", path, w.Code, got, want)
		}
	}
}

func TestMethods(t *testing.T) {
	known := hash(0xab).String()
	all := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
	for path, allow := range map[string]string{
		"/favicon.ico":                        "GET, HEAD",
		"/robots.txt":                         "GET, HEAD",
		"/torrents":                           "GET, HEAD",
		"/torrents/build-42.torrent":          "DELETE, GET, HEAD, POST",
		"/transfers":                          "DELETE, GET, HEAD",
		"/transfers/" + known + ".json":       "DELETE, GET, HEAD",
		"/transfers/peers/" + known + ".json": "DELETE, GET, HEAD",
		"/transfers/hosts/" + known + ".json": "GET, HEAD",
		"/transfers/racks/" + known + ".json": "GET, HEAD",
		"/locations/refresh":                  "POST",
		"/scrape/" + known + ".json":          "GET, HEAD",
		"/healthz":                            "GET, HEAD",
		"/readyz":                             "GET, HEAD",
	} {
		for _, method := range all {
			for _, path := range []string{path, path + "/"} {
				w := serve(handle(full(t), Options{}, nil), request(method, path, nil))
				allowed := strings.Contains(allow, method)
				if allowed == (w.Code == http.StatusMethodNotAllowed) {
					t.Errorf("%s %s: status %d", method, path, w.Code)
				}
				if !allowed && errorOf(t, w.Body.Bytes()) != "method_not_allowed" {
					t.Errorf("%s %s: %s", method, path, w.Body)
				}
				if !allowed {
					checkHeader(t, w, "Allow", allow)
				}
			}
		}
	}
}

// TestPages walks through a long list as a client does.
func TestPages(t *testing.T) {
	f := full(t)
	f.members[tracker.SetLeechers] = make([]string, 2*defaultLimit+1)
	h := handle(f, Options{}, nil)
	var sizes []int
	for cursor := ""; ; {
		w := serve(h, request(http.MethodGet, "/transfers/leechers/"+hash(0xab).String()+".json?cursor="+cursor, nil))
		var page struct {
			Leechers []string
			Cursor   string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Leechers))
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if len(sizes) != 3 || sizes[0] != 1000 || sizes[1] != 1000 || sizes[2] != 1 {
		t.Errorf("pages of %v", sizes)
	}
	if asked := strings.Join(f.asked, ", "); asked != "1000, 1000 1000, 2000 1000" {
		t.Errorf("asked %q", asked)
	}
}

// TestPagesOfMaps walks through those lists that are plain dictionaries, and through the racks of
// statistics: none of their entries is called cursor.
func TestPagesOfMaps(t *testing.T) {
	f := full(t)
	const n = 25
	for i := range n {
		name := fmt.Sprintf("cursor%d", i)
		f.torrents[name] = tracker.Torrent{Name: name, InfoHash: hash(byte(i))}
		f.active[hash(byte(100+i))] = name
		f.racks[hash(0xab)][tracker.Location(name)] = tracker.RackStatistics{Peers: i}
	}
	h := handle(f, Options{}, nil)
	for path, want := range map[string]int{"/torrents": n + 1, "/transfers": n + 2, "/transfers/" + hash(0xab).String() + ".json": n + 4} {
		seen := map[string]bool{}
		for pages, cursor := 1, ""; ; pages++ {
			query := "?limit=10"
			if strings.HasSuffix(path, ".json") {
				query += "&racks=1"
			}
			if cursor != "" {
				query += "&cursor=" + cursor
			}
			page := map[string]any{}
			if err := json.Unmarshal(serve(h, request(http.MethodGet, path+query, nil)).Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			cursor, _ = page["cursor"].(string)
			delete(page, "cursor")
			if racks, ok := page["racks"].(map[string]any); ok {
				page = racks
			}
			if len(page) > 10 {
				t.Errorf("%s: a page of %d", path, len(page))
			}
			for name := range page {
				seen[name] = true
			}
			if cursor == "" {
				if pages != 3 || len(seen) != want {
					t.Errorf("%s: %d pages with %d entries, want 3 with %d", path, pages, len(seen), want)
				}
				break
			}
		}
	}
}

func TestPercent(t *testing.T) {
	for name, test := range map[string]struct {
		progress tracker.Progress
		length   uint64
		want     string
	}{
		"nobody":         {tracker.Progress{}, 30, "0.00%"},
		"nothing":        {tracker.Progress{Hosts: 1, Left: 30}, 30, "0.00%"},
		"two of three":   {tracker.Progress{Hosts: 3, Done: 2, Left: 30}, 30, "66.67%"},
		"a byte lacking": {tracker.Progress{Hosts: 1, Left: 1}, 1 << 40, "99.99%"},
		"all":            {tracker.Progress{Hosts: 3, Done: 3}, 30, "100.00%"},
		"does not say":   {tracker.Progress{Hosts: 2, Done: 1, Unknown: 1}, 30, "50.00%"},
	} {
		s := tracker.Statistics{Length: test.length, Progress: test.progress}
		if got := newGlobal(s).Progress; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

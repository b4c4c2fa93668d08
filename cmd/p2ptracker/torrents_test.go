package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// startTracker runs the real program, and returns its URL when it is ready.
func startTracker(t *testing.T, settings ...string) string {
	t.Helper()
	port := freePort(t)
	_, stderr := startProgram(t, append(settings, "PORT="+port, "HOST=127.0.0.1")...)
	base := "http://127.0.0.1:" + port
	if err := awaitURL(base + "/readyz"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	return base
}

// call asks the interface and reads its answer into reply, if that is not nil.
func call(t *testing.T, method, url, contentType string, body []byte, reply any) int {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	resp, err := testClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && reply != nil {
		err = json.Unmarshal(text, reply)
	}
	if err != nil {
		t.Fatalf("%s %s: %v: %.300s", method, url, err, text)
	}
	return resp.StatusCode
}

// registered is the answer to a torrent, or to what is none.
type registered struct {
	Name, Hash string
	Warnings   []string
	Error      struct{ Code, Message string }
}

// infoOf is the info of a torrent of n pieces, private or not.
func infoOf(n int, private string) string {
	return fmt.Sprintf("d6:lengthi%de4:name1:x12:piece lengthi16384e6:pieces%d:%s%se", n*16384, 20*n, strings.Repeat("x", 20*n), private)
}

const privately = "7:privatei1e"

// A torrent as clients load it is taken and kept as it is, its faults are told each time, and it has the
// name of its path everywhere.
func TestTorrentIsLookedAt(t *testing.T) {
	base := startTracker(t)
	const announce = "8:announce30:http://127.0.0.1:6969/announce"
	for name, test := range map[string]struct {
		file     string
		warnings []string
	}{
		"good":     {"d" + announce + "4:info" + infoOf(1, privately) + "e", []string{}},
		"unsorted": {"d4:info" + infoOf(2, privately) + announce + "1:zd1:bi1e1:ai1eee", []string{}},
		"newlines": {"d" + announce + "4:info" + infoOf(3, privately) + "e\r\n\n", []string{}},
		"all wrong": {"d4:info" + infoOf(5001, "") + "8:url-list5:http:e\n", []string{
			"not private", "no announce URL", "web seeds", "5001 pieces",
		}},
	} {
		path := "/torrents/" + url.PathEscape(name) + ".torrent"
		for _, status := range []int{http.StatusCreated, http.StatusOK} {
			var got registered
			if code := call(t, http.MethodPost, base+path, "", []byte(test.file), &got); code != status || got.Name != name+".torrent" {
				t.Fatalf("%s: status %d, %+v", name, code, got)
			}
			if got.Warnings == nil || !slices.EqualFunc(got.Warnings, test.warnings, strings.Contains) {
				t.Errorf("%s: warnings %q, want %q", name, got.Warnings, test.warnings)
			}
			torrents, transfers := map[string]string{}, map[string]string{}
			call(t, http.MethodGet, base+"/torrents/", "", nil, &torrents)
			call(t, http.MethodGet, base+"/transfers/", "", nil, &transfers)
			if torrents[got.Name] != got.Hash || transfers[got.Hash] != got.Name {
				t.Errorf("%s: torrents %v, transfers %v", name, torrents, transfers)
			}
		}
		if file, err := getURL(base + path); err != nil || string(file) != test.file {
			t.Errorf("%s: kept %.100q, %v", name, file, err)
		}
	}
}

func TestRequirePrivate(t *testing.T) {
	base := startTracker(t, "REQUIRE_PRIVATE=true")
	var got registered
	if status := call(t, http.MethodPost, base+"/torrents/x.torrent", "", []byte("d4:info"+infoOf(1, "")+"e"), &got); status != http.StatusBadRequest ||
		!strings.Contains(got.Error.Message, "not private") {
		t.Errorf("status %d, %+v", status, got)
	}
	for _, list := range []string{"/torrents/", "/transfers/"} {
		kept := map[string]string{}
		if call(t, http.MethodGet, base+list, "", nil, &kept); len(kept) != 0 {
			t.Errorf("%s holds %v", list, kept)
		}
	}
	if status := call(t, http.MethodPost, base+"/torrents/x.torrent", "", []byte("d4:info"+infoOf(1, privately)+"e"), &got); status != http.StatusCreated {
		t.Errorf("a private one: status %d, %+v", status, got)
	}
}

// The largest torrent that is taken with the default settings goes into a real Redis and comes out of it, raw and
// in a form; one byte more is told the bound.
func TestLargestTorrent(t *testing.T) {
	host, port, err := net.SplitHostPort(redistest.Start(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	base := startTracker(t, "REDISHOST="+host, "REDISPORT="+port)
	const limit = 64 << 20
	file := []byte("d4:info" + infoOf((limit-200)/20, privately) + "e")
	file = append(file, bytes.Repeat([]byte("\n"), limit-len(file))...)
	path := base + "/torrents/large.torrent"
	for i, status := range []int{http.StatusCreated, http.StatusOK} {
		contentType, body := "", file
		if i == 1 {
			contentType, body = formOf(t, file)
		}
		var got registered
		if code := call(t, http.MethodPost, path, contentType, body, &got); code != status {
			t.Errorf("%q: status %d, want %d: %+v", contentType, code, status, got)
		}
	}
	if got, err := getURL(path); err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	larger := append(file, '\n')
	contentType, form := formOf(t, larger)
	for contentType, body := range map[string][]byte{"": larger, contentType: form} {
		var got registered
		status := call(t, http.MethodPost, path, contentType, body, &got)
		if status != http.StatusRequestEntityTooLarge || !strings.Contains(got.Error.Message, "67108864 bytes") || !strings.Contains(got.Error.Message, "larger pieces") {
			t.Errorf("%q: status %d, %+v", contentType, status, got)
		}
	}
}

func formOf(t *testing.T, file []byte) (contentType string, body []byte) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("torrent", "x.torrent")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), form.Bytes()
}

// Lists and statistics of one rack, or of a group of racks, and what is asked in vain.
func TestRackFilter(t *testing.T) {
	hash := strings.Repeat("61", 20)
	base := startTracker(t, "AUTO_REGISTER=true", "LOCATION=pattern", "LOCATION_PATTERN_OF=address",
		`LOCATION_PATTERN=^127\.0\.(?P<dc>\d)(?P<rack>\d)\.`)
	for n, host := range []string{"127.0.11.1", "127.0.11.2", "127.0.11.3", "127.0.12.1", "127.0.21.1"} {
		announce := fmt.Sprintf("%s/announce?info_hash=%s&peer_id=-XX0001-%012d&port=6881&left=1&ip=%s", base, strings.Repeat("a", 20), n, host)
		if reply, err := getURL(announce); err != nil || !strings.Contains(string(reply), "5:peers") {
			t.Fatalf("%s: %q, %v", host, reply, err)
		}
	}
	for query, want := range map[string]int{
		"peers/%s.json": 5, "peers/%s.json?rack=1/1": 3, "peers/%s.json?rack=1": 4, "peers/%s.json?rack=3": 0, "peers/%s.json?rack=1%%2F2&limit=1": 1,
		"leechers/%s.json?rack=2/1": 1, "seeders/%s.json?rack=1": 0, "representants/%s.json?rack=1/1": 2, "representatives/%s.json?rack=1": 3,
		"racks/%s.json": 3, "racks/%s.json?rack=1": 2, "racks/%s.json?rack=1/2": 1,
	} {
		target := fmt.Sprintf(query, hash)
		word, _, _ := strings.Cut(target, "/")
		reply := map[string]any{}
		status := call(t, http.MethodGet, base+"/transfers/"+target, "", nil, &reply)
		if list, ok := reply[word].([]any); !ok || status != http.StatusOK || len(list) != want {
			t.Errorf("%s: status %d, %v, want %d", target, status, reply, want)
		}
	}
	for query, want := range map[string]int{"racks=1": 3, "rack=1": 2, "rack=1/1&racks=1": 1, "rack=1/3": 0} {
		var reply struct{ Racks map[string]any }
		status := call(t, http.MethodGet, base+"/transfers/"+hash+".json?"+query, "", nil, &reply)
		if status != http.StatusOK || reply.Racks == nil || len(reply.Racks) != want {
			t.Errorf("%s: status %d, racks %v, want %d", query, status, reply.Racks, want)
		}
	}
	var got registered
	if status := call(t, http.MethodGet, base+"/transfers/"+hash+".json?raks=1", "", nil, &got); status != http.StatusBadRequest || !strings.Contains(got.Error.Message, `"raks"`) {
		t.Errorf("status %d, %+v", status, got)
	}
}

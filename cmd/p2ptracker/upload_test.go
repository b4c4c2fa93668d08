package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An upload that is too large is refused before its body has come. Every client shows that,
// whether it waits to be told to go on, reads while it sends, or sends all before it reads; and
// likewise that it may not upload at all.
func TestTooLargeUploadIsShown(t *testing.T) {
	const size = 20 << 20 // more than the buffers of a socket hold
	file := filepath.Join(t.TempDir(), "x.torrent")
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	const python = `
import sys, urllib.request, urllib.error
try:
    urllib.request.urlopen(sys.argv[1], data=open(sys.argv[2], 'rb').read())
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())
`
	const slowPython = `
import sys, http.client, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
conn = http.client.HTTPConnection(url.netloc)
conn.putrequest('POST', url.path)
conn.putheader('Transfer-Encoding', 'chunked')
conn.endheaders()
for n in range(320):
    conn.send(b'10000\r\n' + bytes(65536) + b'\r\n')
conn.send(b'0\r\n\r\n')
reply = conn.getresponse()
print(reply.status, reply.read().decode())
`
	clients := map[string]func(url string) *exec.Cmd{
		"curl": func(url string) *exec.Cmd { return exec.Command("curl", "-sSi", "--data-binary", "@"+file, url) },
		"curl --expect100": func(url string) *exec.Cmd {
			return exec.Command("curl", "-sSi", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "-F", "f=@"+file, url)
		},
		"curl -H Expect:": func(url string) *exec.Cmd {
			return exec.Command("curl", "-sSi", "-H", "Expect:", "--data-binary", "@"+file, url)
		},
		"curl -T": func(url string) *exec.Cmd {
			return exec.Command("curl", "-sSi", "-X", "POST", "-H", "Transfer-Encoding: chunked", "-T", file, url)
		},
		"urllib":      func(url string) *exec.Cmd { return exec.Command("python3", "-c", python, url, file) },
		"http.client": func(url string) *exec.Cmd { return exec.Command("python3", "-c", slowPython, url) },
	}
	for _, test := range []struct{ token, status, words string }{
		{"", "413", "larger than TORRENT_MAX_BYTES, 1000000 bytes"},
		{"secret", "401", "Authorization"},
	} {
		base := startTracker(t, "TORRENT_MAX_BYTES=1000000", "ADMIN_TOKEN="+test.token)
		url := base + "/torrents/x.torrent"
		for name, client := range clients {
			out, err := client(url).CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.status) || !strings.Contains(string(out), test.words) {
				t.Errorf("%s: %v, %s, want %s", name, err, out, test.status)
			}
		}
		resp, err := testClient.Post(url, "", bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatalf("Go: %v", err)
		}
		resp.Body.Close()
		if fmt.Sprint(resp.StatusCode) != test.status {
			t.Errorf("Go: status %d, want %s", resp.StatusCode, test.status)
		}
		checkAnswerBeforeBody(t, base, test.status)
	}
}

// checkAnswerBeforeBody asks for an answer to a header alone.
func checkAnswerBeforeBody(t *testing.T, base, status string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /torrents/x.torrent HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if fmt.Sprint(resp.StatusCode) != status {
		t.Errorf("status %d without a body, want %s", resp.StatusCode, status)
	}
}

// A conflict says what stands in the way.
func TestConflictNamesTheOther(t *testing.T) {
	base := startTracker(t)
	one, other := []byte("d4:info"+infoOf(1, privately)+"e"), []byte("d4:info"+infoOf(2, privately)+"e")
	var first registered
	if status := call(t, http.MethodPost, base+"/torrents/first%20build.torrent", "", one, &first); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	for _, test := range []struct {
		name       string
		file       []byte
		code, want string
	}{
		{"second", one, "hash_taken", "first build.torrent"},
		{"first%20build", other, "name_taken", first.Hash},
	} {
		var got registered
		status := call(t, http.MethodPost, base+"/torrents/"+test.name+".torrent", "", test.file, &got)
		if status != http.StatusConflict || got.Error.Code != test.code || !strings.Contains(got.Error.Message, test.want) {
			t.Errorf("%s: status %d, %+v, want %s", test.name, status, got, test.want)
		}
	}
}

// Whoever follows the cursors sees every torrent and every transfer.
func TestPagesOfAllTorrents(t *testing.T) {
	base := startTracker(t)
	const n = 60
	for i := range n {
		file := fmt.Sprintf("d4:info%se", infoOf(i+1, privately))
		if status := call(t, http.MethodPost, fmt.Sprintf("%s/torrents/t%d.torrent", base, i), "", []byte(file), nil); status != http.StatusCreated {
			t.Fatalf("status %d", status)
		}
	}
	for _, list := range []string{"/torrents/", "/transfers/"} {
		all := map[string]string{}
		pages := 0
		for cursor := ""; ; pages++ {
			page := map[string]string{}
			if status := call(t, http.MethodGet, base+list+"?limit=10&cursor="+cursor, "", nil, &page); status != http.StatusOK || len(page) > 21 {
				t.Fatalf("%s: status %d, %d entries", list, status, len(page))
			}
			cursor = page["cursor"]
			delete(page, "cursor")
			for key, value := range page {
				all[key] = value
			}
			if cursor == "" {
				break
			}
		}
		if len(all) != n || pages == 0 {
			t.Errorf("%s: %d entries in %d pages", list, len(all), pages+1)
		}
	}
}

package rest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// form writes a multipart form of pairs of a field's name and a file; a name
// that begins with "-" is a field without a file name.
func form(t *testing.T, fields ...string) (contentType string, body *bytes.Buffer) {
	t.Helper()
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	for i := 0; i < len(fields); i += 2 {
		part, err := w.CreateFormField(fields[i])
		if !strings.HasPrefix(fields[i], "-") {
			part, err = w.CreateFormFile(fields[i], "x.torrent")
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), body
}

// TestUpload takes a torrent in each of the ways a client may send one.
func TestUpload(t *testing.T) {
	torrent := aTorrent(t, "build 43 <ü>", 40000)
	file := string(torrent.File)
	formType, formBody := form(t, "-comment", "from the pipeline", "whatever", file)
	for name, test := range map[string]struct {
		path        string
		contentType string
		body        io.Reader
	}{
		"raw":          {"/torrents/build%2043%20%3C%C3%BC%3E.torrent", "application/x-bittorrent", strings.NewReader(file)},
		"slash":        {"/torrents/build%2043%20%3C%C3%BC%3E.torrent/", "", strings.NewReader(file)},
		"curl --data":  {"/torrents/build%2043%20%3C%C3%BC%3E.torrent", "application/x-www-form-urlencoded", strings.NewReader(file)},
		"form":         {"/torrents/build%2043%20%3C%C3%BC%3E.torrent", formType, formBody},
		"escaped name": {"/torrents/build%2043%20<%c3%bc>%2Etorrent", "", strings.NewReader(file)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			h := handle(f, Options{}, nil)
			w := serve(h, request(http.MethodPost, test.path, test.body, "Content-Type", test.contentType))
			if w.Code != http.StatusCreated {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			var got added
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.Name != torrent.Name+".torrent" || got.Hash != torrent.InfoHash.String() || got.Length != 40000 {
				t.Errorf("reply %v", got)
			}
			if f.active[torrent.InfoHash] != torrent.Name {
				t.Errorf("active: %v", f.active)
			}

			w = serve(h, request(http.MethodGet, test.path, nil))
			if w.Code != http.StatusOK || w.Body.String() != file {
				t.Errorf("got status %d, %q", w.Code, w.Body)
			}
			checkHeader(t, w, "Content-Type", "application/x-bittorrent")
		})
	}
}

func TestUploadAgain(t *testing.T) {
	h := handle(newFake(), Options{}, nil)
	post := func(path string, length int) (int, string) {
		body := bytes.NewReader(aTorrent(t, "", length).File)
		w := serve(h, request(http.MethodPost, path, body))
		return w.Code, w.Body.String()
	}
	_, first := post("/torrents/a.torrent", 1)
	if status, again := post("/torrents/a.torrent", 1); status != http.StatusOK || again != first {
		t.Errorf("the same again: status %d, %s, first %s", status, again, first)
	}
	if status, body := post("/torrents/a.torrent", 2); status != http.StatusConflict || errorOf(t, []byte(body)) != "name_taken" {
		t.Errorf("another torrent: status %d, %s", status, body)
	}
	if status, body := post("/torrents/b.torrent", 1); status != http.StatusConflict || errorOf(t, []byte(body)) != "hash_taken" {
		t.Errorf("another name: status %d, %s", status, body)
	}
}

// TestNoUpload refuses what is no torrent, and stores nothing of it.
func TestNoUpload(t *testing.T) {
	file := string(aTorrent(t, "", 40000).File)
	limit := int64(len(file))
	tooMuch := fmt.Sprintf("larger than TORRENT_MAX_BYTES, %d bytes: make it again with larger pieces", limit)
	cut, whole := form(t, "torrent", file)
	for name, test := range map[string]struct {
		fields      []string // of a form; or else
		contentType string
		body        string
		status      int
		message     string
	}{
		"empty":      {status: 400, message: "no bencoded dictionary"},
		"no torrent": {body: "<html>", status: 400, message: "no bencoded dictionary"},
		"no info":    {body: "de", status: 400, message: "info is missing"},
		"too large":  {body: file + "x", status: 413, message: tooMuch},
		"file in a form too large": {
			fields: []string{"torrent", file + "x"}, status: 413, message: tooMuch,
		},
		"form too large": {
			fields: []string{"-x", strings.Repeat("x", int(limit)+formOverhead), "torrent", file}, status: 413, message: tooMuch,
		},
		"form without a file":   {fields: []string{"-torrent", file}, status: 400, message: "no file field"},
		"form with two files":   {fields: []string{"a", file, "b", file}, status: 400, message: "more than one file"},
		"form without boundary": {contentType: "multipart/form-data", body: file, status: 400, message: "no file field"},
		"form cut short": {
			contentType: cut, body: whole.String()[:whole.Len()-10], status: 400, message: "read whole",
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := io.Reader(strings.NewReader(test.body))
			contentType := test.contentType
			if test.fields != nil {
				contentType, body = form(t, test.fields...)
			}
			f := newFake()
			h := handle(f, Options{TorrentMaxBytes: limit}, nil)
			w := serve(h, request(http.MethodPost, "/torrents/a.torrent", body, "Content-Type", contentType))
			errorOf(t, w.Body.Bytes())
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.message) {
				t.Errorf("status %d, %s", w.Code, w.Body)
			}
			if len(f.torrents)+len(f.active) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

// TestLargestUpload takes a torrent of the very size allowed, also in a form.
func TestLargestUpload(t *testing.T) {
	file := string(aTorrent(t, "", 40000).File)
	formType, formBody := form(t, "torrent", file)
	for contentType, body := range map[string]io.Reader{"": strings.NewReader(file), formType: formBody} {
		h := handle(newFake(), Options{TorrentMaxBytes: int64(len(file))}, nil)
		w := serve(h, request(http.MethodPost, "/torrents/a.torrent", body, "Content-Type", contentType))
		if w.Code != http.StatusCreated {
			t.Errorf("%q: status %d: %s", contentType, w.Code, w.Body)
		}
	}
}

// TestSlowUpload gets its answer although the body never comes.
func TestSlowUpload(t *testing.T) {
	server := httptest.NewServer(handle(newFake(), Options{Timeout: 50 * time.Millisecond}, nil))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /torrents/a.torrent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nd4:info")
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "in time") {
		t.Errorf("status %d, %s, error %v", reply.StatusCode, body, err)
	}
}

func TestRemoveTorrent(t *testing.T) {
	f := full(t)
	h := handle(f, Options{}, nil)
	w := serve(h, request(http.MethodDelete, "/torrents/build-42.torrent", nil))
	if w.Code != http.StatusOK || w.Body.String() != "{\n  \"removed\": \"build-42.torrent\"\n}\n" {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if len(f.torrents) != 0 || f.active[hash(0xab)] != "build-42" {
		t.Errorf("torrents %v, transfers %v", f.torrents, f.active)
	}
	if w := serve(h, request(http.MethodDelete, "/torrents/build-42.torrent", nil)); w.Code != http.StatusNotFound {
		t.Errorf("again: status %d, %s", w.Code, w.Body)
	}
	if w := serve(h, request(http.MethodDelete, "/torrents/..torrent", nil)); w.Code != http.StatusBadRequest {
		t.Errorf("bad name: status %d, %s", w.Code, w.Body)
	}
	if w := serve(h, request(http.MethodPost, "/torrents/..torrent", nil)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), string(errName)[:20]) {
		t.Errorf("upload of a bad name: status %d, %s", w.Code, w.Body)
	}
}

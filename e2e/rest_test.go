package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// direct asks without a proxy that the environment may name.
var direct = &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}

// upload registers a torrent, as an operator does, and returns its hash.
func (cluster) upload(t testing.TB, name string, torrent []byte) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, trackerURL+"/torrents/"+name+".torrent", bytes.NewReader(torrent))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	var reply struct{ Hash string }
	if err := ask(request, http.StatusCreated, &reply); err != nil {
		t.Fatal(err)
	}
	return reply.Hash
}

// get reads a reply of the REST interface through the proxy.
func (cluster) get(path string, reply any) error {
	request, err := http.NewRequest(http.MethodGet, trackerURL+path, nil)
	if err != nil {
		return err
	}
	return ask(request, http.StatusOK, reply)
}

// ask expects a reply with this status, in JSON.
func ask(request *http.Request, status int, reply any) error {
	resp, err := direct.Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != status {
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, resp.Status, body)
	}
	return json.Unmarshal(body, reply)
}

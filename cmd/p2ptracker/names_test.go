package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// What an SMDB says of a host, and where the host is: as a person reads it, and in Redis.
var namedRacks = map[string]struct{ says, rack, key string }{
	"10.0.0.1": {`{"web1": {"cabinet": "FA 12"}}`, "FA 12", "FA%2012"},
	"10.0.0.2": {`{"web2": {"cabinet": "DC1:R17"}}`, "DC1:R17", "DC1%3AR17"},
	"10.0.0.3": {`{"web3": {"cabinet": "A/12"}}`, "A%2F12", "A%2F12"},
	"10.0.0.4": {`{"web4": {"cabinet": "Käfig-3"}}`, "Käfig-3", "K%C3%A4fig-3"},
	"10.0.0.5": {`{"web5-bond": {"cabinet": "r17"}, "web5": {"cabinet": "r17"}}`, "r17", "r17"},
	"10.0.0.6": {`{"web6": {"cabinet": "r18 "}}`, "r18", "r18"},
}

// Racks are called as their database calls them, wherever a person looks, and Redis has them escaped.
func TestNamesOfRacks(t *testing.T) {
	smdb := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, namedRacks[path.Base(r.URL.Path)].says)
	}))
	defer smdb.Close()
	t.Run("embedded", func(t *testing.T) { announceNamed(t, "SMDB_URL="+smdb.URL) })
	t.Run("redis", func(t *testing.T) {
		addr := redistest.Start(t).Addr
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		announceNamed(t, "SMDB_URL="+smdb.URL, "REDISHOST="+host, "REDISPORT="+port)
		wantNamedKeys(t, addr)
	})
}

// announceNamed has all hosts announce, and looks at what REST says of their racks.
func announceNamed(t *testing.T, settings ...string) {
	port := freePort(t)
	_, stderr := startProgram(t, append(settings, "PORT="+port, "UDP_PORT=0", "AUTO_REGISTER=true")...)
	url := "http://127.0.0.1:" + port
	if err := awaitURL(url + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	var racks []string
	for ip, named := range namedRacks {
		racks = append(racks, named.rack)
		reply, err := getURL(fmt.Sprintf("%s/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-0000%-8s&port=6881&left=1&ip=%s", url, strings.ReplaceAll(ip, ".", "_"), ip))
		if err != nil || !strings.Contains(string(reply), "8:interval") || strings.Contains(string(reply), "failure") {
			t.Fatalf("%s: %q, %v\n%s", ip, reply, err, stderr)
		}
	}
	slices.Sort(racks)
	hash := strings.Repeat("61", 20)
	var statistics struct{ Racks map[string]any }
	var list struct{ Racks []string }
	for page, into := range map[string]any{"/transfers/" + hash + ".json?racks=1": &statistics, "/transfers/racks/" + hash + ".json": &list} {
		body, err := getURL(url + page)
		if err == nil {
			err = json.Unmarshal(body, into)
		}
		if err != nil {
			t.Fatalf("%s: %s, %v", page, body, err)
		}
	}
	slices.Sort(list.Racks)
	if got := slices.Sorted(maps.Keys(statistics.Racks)); !slices.Equal(got, racks) || !slices.Equal(list.Racks, racks) {
		t.Errorf("racks %q, listed %q; want %q", got, list.Racks, racks)
	}
}

// wantNamedKeys looks at what redis-cli shows.
func wantNamedKeys(t *testing.T, addr string) {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	hash := "{" + strings.Repeat("61", 20) + "}"
	for ip, named := range namedRacks {
		rack, err := client.Do(t.Context(), client.B().Hget().Key(hash+":peer:"+ip+":6881").Field("rack").Build()).ToString()
		if err != nil || rack != named.key {
			t.Errorf("the record of %s has the rack %q, %v; want %q", ip, rack, err, named.key)
		}
		members, err := client.Do(t.Context(), client.B().Smembers().Key(hash+":rack:"+named.key+":N").Build()).AsStrSlice()
		if err != nil || !slices.Equal(members, []string{ip + ":6881"}) {
			t.Errorf("rack %s has %q, %v", named.key, members, err)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Dual-stack hosts of one rack announce over both families, as libtorrent does, half of them by IPv6
// first. They are in one rack, of the IPv4 addresses, and at most MAX_REPR_RACK of them are ever handed
// anybody from outside.
func TestDualStackHostsAreInOneRack(t *testing.T) {
	port := freePort(t)
	_, stderr := startProgram(t, "PORT="+port, "UDP_PORT=0", "AUTO_REGISTER=true")
	url := "http://127.0.0.1:" + port
	if err := awaitURL(url + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	const outside = "\x0a\x09\x09\x01\x1a\xe1" // 10.9.9.1:6881
	announce := func(n int, ip string, left int) bool {
		t.Helper()
		reply, err := getURL(fmt.Sprintf("%s/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-%012d&key=%08d&port=6881&left=%d&compact=1&ip=%s",
			url, n, n, left, ip))
		if err != nil || strings.Contains(string(reply), "failure") {
			t.Fatalf("%s: %q, %v\n%s", ip, reply, err, stderr)
		}
		return strings.Contains(string(reply), outside)
	}
	announce(1, "10.9.9.1", 0)
	handed := map[int]bool{}
	for round := range 3 {
		for n := 10; n < 16; n++ {
			addrs := []string{fmt.Sprint("10.0.1.", n), fmt.Sprint("2001:db8::", n)}
			if round == 0 && n%2 == 0 {
				slices.Reverse(addrs)
			}
			for _, ip := range addrs {
				if announce(n, ip, 5) {
					handed[n] = true
				}
			}
		}
	}
	var statistics struct {
		Global struct{ Peers int }
		Racks  map[string]struct{ N, R int }
	}
	body, err := getURL(url + "/transfers/" + strings.Repeat("61", 20) + ".json?racks=1")
	if err == nil {
		err = json.Unmarshal(body, &statistics)
	}
	want := map[string]struct{ N, R int }{"10.9.9.0_24": {1, 1}, "10.0.1.0_24": {6, 2}}
	if err != nil || !maps.Equal(statistics.Racks, want) || statistics.Global.Peers != 7 {
		t.Errorf("%s, %v", body, err)
	}
	if len(handed) == 0 || len(handed) > 2 {
		t.Errorf("%d hosts were handed peers from outside: %v", len(handed), handed)
	}
}

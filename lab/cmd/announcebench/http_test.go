package main

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// The request is one that net/http reads, with all that a tracker wants.
func TestRequest(t *testing.T) {
	c, err := newPopulation(300, 3, workload{transfers: 7})
	if err != nil {
		t.Fatal(err)
	}
	h := &c.hosts[299]
	for _, tt := range []struct {
		event
		left uint64
		keep bool
		want string
	}{
		{eventStarted, payload, true, "started"},
		{eventCompleted, 0, false, "completed"},
		{eventStopped, 0, false, "stopped"},
		{eventNone, payload, true, ""},
	} {
		h.left = tt.left
		raw := appendRequest(nil, announce{host: h, event: tt.event, want: 30}, "127.0.0.1:6969", tt.keep)
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		query := req.URL.Query()
		for key, want := range map[string]string{
			"info_hash": string(h.hash[:]), "peer_id": "-AB0001-000000000299", "port": "6881", "key": "0000012b",
			"uploaded": "0", "numwant": "30", "compact": "1", "event": tt.want, "ip": "127.1.2.100",
			"left":       map[uint64]string{0: "0", payload: "16384"}[tt.left],
			"downloaded": map[uint64]string{0: "16384", payload: "0"}[tt.left],
		} {
			if got := query.Get(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if req.URL.Path != "/announce" || req.Host != "127.0.0.1:6969" || req.Close == tt.keep {
			t.Errorf("path %s, host %s, close %t", req.URL.Path, req.Host, req.Close)
		}
	}
}

const (
	openHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
	twoPeers = "d8:completei1e10:incompletei1e8:intervali1756e5:peers12:\x7f\x03\x04\x05\x1a\xe1\x7f\x00\x00\x01\x1a\xe1e"
)

func TestReplies(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		closed     bool
		want       reply
		complete   bool
		fault      string
	}{
		{name: "peers", data: openHead + "69\r\n\r\n" + twoPeers, want: reply{peers: 2}, complete: true},
		{name: "none", data: "HTTP/1.0 200 OK\r\ncontent-length:10\r\n\r\nd5:peers0:", fault: "no dictionary"},
		{name: "empty", data: "HTTP/1.0 200 OK\r\ncontent-length:11\r\n\r\nd5:peers0:e", complete: true},
		{name: "more", data: openHead + "11\r\n\r\nd5:peers0:eHTTP/1.1 ", complete: true},
		{name: "not all", data: openHead + "70\r\n\r\n" + twoPeers},
		{name: "cut", data: openHead + "70\r\n\r\n" + twoPeers, closed: true, fault: "closed after 69 of 70"},
		{name: "no length", data: "HTTP/1.0 200 OK\r\n\r\n" + twoPeers},
		{name: "no length, closed", data: "HTTP/1.0 200 OK\r\n\r\n" + twoPeers, closed: true, want: reply{peers: 2}, complete: true},
		{name: "failure", data: openHead + "23\r\n\r\nd14:failure reason2:noe", want: reply{failure: "no"}, complete: true},
		{name: "warning", data: openHead + "36\r\n\r\nd5:peers0:15:warning message4:hm e.e", want: reply{failure: "hm e"}, complete: true},
		{name: "status", data: "HTTP/1.1 503 No\r\n\r\n", fault: "status"},
		{name: "no HTTP", data: "SSH-2.0\r\n\r\n", fault: "status"},
		{name: "length", data: openHead + "-1\r\n\r\n", fault: "invalid syntax"},
		{name: "no peers", data: openHead + "2\r\n\r\nde", fault: "no compact peers"},
		{name: "list", data: openHead + "11\r\n\r\nd5:peerslee", fault: "no compact peers"},
		{name: "odd", data: openHead + "16\r\n\r\nd5:peers5:12345e", fault: "no compact peers"},
		{name: "too long", data: openHead + "16\r\n\r\nd5:peers9:12345e", fault: "no compact peers"},
		{name: "nothing", closed: true, fault: "closed after 0 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, complete, err := parseHTTP([]byte(tt.data), tt.closed)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) || complete {
					t.Errorf("%+v, %t, error %v, want %q", got, complete, err, tt.fault)
				}
				return
			}
			if err != nil || got != tt.want || complete != tt.complete {
				t.Errorf("%+v, %t, %v; want %+v, %t", got, complete, err, tt.want, tt.complete)
			}
		})
	}
}

// A reply that has come in part is neither complete nor wrong.
func FuzzReplyInParts(f *testing.F) {
	f.Add([]byte(openHead + "69\r\n\r\n" + twoPeers))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\nd14:failure reason2:noe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, complete, err := parseHTTP(data, false)
		if !complete || err != nil {
			return
		}
		if again, complete, err := parseHTTP(data, true); again != whole || !complete || err != nil {
			t.Errorf("closed: %+v, %t, %v; before: %+v", again, complete, err, whole)
		}
		head := bytes.Index(data, []byte("\r\n\r\n"))
		for n := range head {
			if _, complete, err := parseHTTP(data[:n], false); complete || err != nil {
				t.Fatalf("%q: %t, %v", data[:n], complete, err)
			}
		}
	})
}

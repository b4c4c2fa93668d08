package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// trackerDir holds what the tests share.
var trackerDir string

func TestMain(m *testing.M) {
	var err error
	if trackerDir, err = os.MkdirTemp("", "announcebench"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(trackerDir)
	os.Exit(status)
}

var buildTracker = sync.OnceValue(func() error {
	return servers.Build(context.Background(), "-o", trackerDir+"/", servers.Tracker)
})

// trackerProgram is p2ptracker, which the first test that wants it builds.
func trackerProgram(t *testing.T) string {
	t.Helper()
	if err := buildTracker(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(trackerDir, "p2ptracker")
}

// startTracker runs p2ptracker with the embedded store until the test ends.
func startTracker(t *testing.T, settings ...string) (target string, pid int) {
	t.Helper()
	target = freeAddress(t)
	host, port, _ := net.SplitHostPort(target)
	command := exec.Command(trackerProgram(t), "serve")
	command.Env = append([]string{"P2PTRACKER_HOST=" + host, "P2PTRACKER_PORT=" + port}, settings...)
	var log bytes.Buffer
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("the tracker's log:\n%s", log.String())
		}
	})
	if err := servers.Await(t.Context(), "the tracker", answers(t.Context(), "http://"+target+"/readyz")); err != nil {
		t.Fatal(err)
	}
	return target, command.Process.Pid
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// measure runs announcebench and reads what it prints.
func measure(t *testing.T, args ...string) (r result) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%s: %v %s", args, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%s: %v in %s", args, err, stdout.String())
	}
	return r
}

// TestLoad loads the real tracker for a second in each way.
func TestLoad(t *testing.T) {
	target, pid := startTracker(t, "P2PTRACKER_AUTO_REGISTER=true", "P2PTRACKER_ANNOUNCE_TIMEOUT=30")
	ways := []string{protocolKeepAlive, protocolClose}
	if answersUDP(target) {
		ways = append(ways, protocolUDP)
	}
	for _, protocol := range ways {
		for _, rate := range []int{0, 300} {
			t.Run(fmt.Sprintf("%s at %d", protocol, rate), func(t *testing.T) {
				r := measure(t, "load", "--target", target, "--protocol", protocol, "--rate", strconv.Itoa(rate),
					"--hosts", "400", "--racks", "10", "--transfers", "4", "--connections", "16",
					"--duration", "1s", "--deadline", "1m", "--watch", fmt.Sprintf("frontend=%d", pid))
				if r.Answered == 0 || r.bad() > 0 {
					t.Errorf("%+v: %s", r.counts, r.Fault)
				}
				if rate > 0 && r.Answered != rate {
					t.Errorf("%d announces in a second at %d/s", r.Answered, rate)
				}
				if r.PeersPerReply <= 1 || r.PeersPerReply > 30 {
					t.Errorf("%v peers in a reply", r.PeersPerReply)
				}
				if r.P50 <= 0 || r.P50 > r.P99 || r.P99 > r.P999 || r.P999 > r.Max || r.PerSecond <= 0 {
					t.Errorf("%+v, %v/s", r.latency, r.PerSecond)
				}
				if r.CPU["frontend"] <= 0 || r.CPU["generator"] <= 0 || r.After["frontend"] < 1<<20 || r.Before["frontend"] < 1<<20 {
					t.Errorf("CPU %v, memory %v and %v", r.CPU, r.Before, r.After)
				}
			})
		}
	}
}

// TestStorm lets each host start once, from its own address, and asks the tracker who came.
func TestStorm(t *testing.T) {
	target, pid := startTracker(t, "P2PTRACKER_AUTO_REGISTER=true", "P2PTRACKER_ANNOUNCE_TIMEOUT=30", "P2PTRACKER_TRUST_IP_PARAM=10.0.0.0/8")
	r := measure(t, "storm", "--target", target, "--hosts", "300", "--racks", "20", "--deadline", "1m", "--watch", fmt.Sprintf("frontend=%d", pid))
	if want := (counts{Answered: 300}); r.counts != want {
		t.Errorf("%+v: %s", r.counts, r.Fault)
	}
	_, hash := stormTransfer.torrent(0)
	resp, err := http.Get(fmt.Sprintf("http://%s/transfers/peers/%X.json?limit=1000", target, hash))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var seen struct{ Peers []string }
	if err := json.NewDecoder(resp.Body).Decode(&seen); err != nil {
		t.Fatal(err)
	}
	peers := map[string]bool{}
	for _, peer := range seen.Peers {
		peers[peer] = true
	}
	if len(peers) != 300 || !peers["127.1.19.15:6881"] {
		t.Errorf("%d peers came: %v", len(peers), seen.Peers)
	}
}

// Whatever is wrong with a tracker is told apart.
func TestOutcomesOfTrackers(t *testing.T) {
	strict, _ := startTracker(t)
	for _, tt := range []struct {
		name, target, fault string
		want                counts
	}{
		{"unknown transfer", strict, "not active", counts{Failed: 40}},
		{"nobody", freeAddress(t), "refused", counts{Refused: 40}},
		{"silent", serve(t, func(net.Conn) {}), "", counts{Late: 40}},
		{"hangs up", serve(t, func(c net.Conn) { hangUp(c) }), "closed", counts{Refused: 40}},
		{"nonsense", serve(t, func(c net.Conn) { io.WriteString(c, "200 OK\r\n\r\n"); hangUp(c) }), "status", counts{Failed: 40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			deadline := "1m"
			if tt.want.Late > 0 {
				deadline = "100ms"
			}
			r := measure(t, "storm", "--target", tt.target, "--hosts", "40", "--racks", "4", "--deadline", deadline)
			if r.counts != tt.want || !strings.Contains(r.Fault, tt.fault) {
				t.Errorf("%+v: %q; want %+v, %q", r.counts, r.Fault, tt.want, tt.fault)
			}
		})
	}
}

// serve accepts connections until the test ends, and keeps them open until then.
func serve(t *testing.T, handle func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			handle(conn)
		}
	}()
	return listener.Addr().String()
}

// hangUp reads a request first: a connection that is closed before is reset.
func hangUp(c net.Conn) {
	request := make([]byte, 4096)
	_, _ = c.Read(request)
	c.Close()
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct{ args, fault string }{
		{"", "say load, storm or suite"},
		{"fast", "unknown command"},
		{"load more", "unknown argument"},
		{"load", "--target: there must be one"},
		{"load --target localhost:1", "--target: must be"},
		{"load --target 10.0.0.1:1", "--target: must be"},
		{"load --target 127.0.0.1:1 --protocol tcp", "--protocol: must be"},
		{"load --target 127.0.0.1:1 --connections 0", "--connections: must be"},
		{"load --target 127.0.0.1:1 --hosts 10", "--connections: must be"},
		{"load --target 127.0.0.1:1 --rate -1", "--rate: must not"},
		{"load --target 127.0.0.1:1 --duration 0s", "--duration: must be"},
		{"load --target 127.0.0.1:1 --deadline 2m", "--deadline: must be"},
		{"load --target 127.0.0.1:1 --stopped 0.6 --completed 0.6", "--completed, --stopped: must be"},
		{"load --target 127.0.0.1:1 --racks 1", "--hosts: 1 racks hold 254"},
		{"load --target 127.0.0.1:1 --watch 17", "NAME=PID"},
		{"load --target 127.0.0.1:1 --watch a=b", "no pid"},
		{"storm --target 127.0.0.1:1 --protocol udp", "not defined"},
		{"suite --rounds 0", "--rounds, --each: must be"},
	} {
		err := run(t.Context(), strings.Fields(tt.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.fault)
		}
	}
	if _, err := os.Stat("docs"); err == nil {
		t.Error("something was written")
	}
}

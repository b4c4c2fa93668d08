package main

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// Two frontends of one Redis have been given different settings: both say so, in the log and in the
// metrics, until one of them has stopped.
func TestFrontendsThatDiffer(t *testing.T) {
	t.Parallel()
	host, port, err := net.SplitHostPort(redistest.Start(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	awaitDiffer := func(base, what string, want ...string) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			metrics, err := getURL(base + "/metrics")
			missing := ""
			for _, line := range want {
				if !strings.Contains(string(metrics), "\np2ptracker_settings_differ{setting="+line+"\n") {
					missing = line
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: no %s in the metrics, %v", what, missing, err)
			}
		}
	}
	common := []string{"HOST=127.0.0.1", "UDP_PORT=0", "REDISHOST=" + host, "REDISPORT=" + port}
	ports := []string{freePort(t), freePort(t)}
	older, olderLog := startProgram(t, append(common, "PORT="+ports[0])...)
	base := "http://127.0.0.1:" + ports[0]
	if err := awaitURL(base + "/readyz"); err != nil {
		t.Fatal(err, olderLog)
	}
	awaitDiffer(base, "alone", `"MAX_REPR_RACK"} 0`, `"REPR_SCOPE"} 0`, `"PEER_TTL"} 0`, `"LOCATION"} 0`)

	newer, newerLog := startProgram(t, append(common, "PORT="+ports[1], "MAX_REPR_RACK=3", "SUBNETS=25,64")...)
	for what, port := range map[string]string{"older": ports[0], "newer": ports[1]} {
		awaitDiffer("http://127.0.0.1:"+port, what, `"MAX_REPR_RACK"} 1`, `"LOCATION"} 1`, `"REPR_SCOPE"} 0`, `"PEER_TTL"} 0`)
	}
	if err := newer.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = newer.Wait()
	awaitDiffer(base, "when the newer one has stopped", `"MAX_REPR_RACK"} 0`, `"LOCATION"} 0`)
	if err := older.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = older.Wait()
	for log, want := range map[string]string{
		olderLog.String(): `setting=MAX_REPR_RACK here=2 there="3 (`, newerLog.String(): `setting=MAX_REPR_RACK here=3 there="2 (`,
	} {
		if !strings.Contains(log, want) || !strings.Contains(log, "level=WARN") || !strings.Contains(log, "setting=LOCATION") {
			t.Errorf("%s is not in the log:\n%s", want, log)
		}
	}
}

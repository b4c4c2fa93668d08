package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const (
	adminToken = "only those who know it register torrents"
	proxyPort  = "6969"
	redisPort  = "6970"
	frontends  = 3
	trackerURL = "http://" + proxyHost + ":" + proxyPort
)

// cluster is what scripts/cluster runs.
type cluster struct {
	dir string // logs and pids of its programs
}

// faults are what no program may log. A Redis that was too slow for a frontend
// is none: on a busy machine that happens, and clients come back.
var faults = []string{`level=ERROR msg="request failed"`, "store lost its data", "DATA RACE", "panic:"}

// startCluster runs Redis, the SMDB stub, the frontends and a proxy until the
// test ends. Settings are NAME=value, for the frontends.
func startCluster(t testing.TB, proxy string, settings ...string) cluster {
	t.Helper()
	openSources(t)
	c := cluster{dir: t.TempDir()}
	t.Cleanup(func() { c.checkLogs(t); c.checkGone(t) })
	command := exec.Command("../scripts/cluster")
	command.Env = []string{ // and nothing of ours, which may name settings of the tracker
		"PATH=" + os.Getenv("PATH"),
		"PROXY=" + proxy, "FRONTENDS=" + strconv.Itoa(frontends),
		"CLUSTER_HOST=" + proxyHost, "CLUSTER_PORT=" + proxyPort, "CLUSTER_BASE=" + redisPort,
		"CLUSTER_DIR=" + c.dir, "CLUSTER_RESTART=2", "CLUSTER_BIN=" + os.Getenv(binEnv),
		"P2PTRACKER_ADMIN_TOKEN=" + adminToken,
		"GORACE=atexit_sleep_ms=0", // not a second at each end of a program
	}
	for _, setting := range settings {
		command.Env = append(command.Env, "P2PTRACKER_"+setting)
	}
	log := filepath.Join(t.TempDir(), "cluster.log")
	process := start(t, command, log, syscall.SIGTERM)
	await(t, func() error {
		if process.HasEnded() {
			t.Fatal("scripts/cluster ended")
		}
		text, err := os.ReadFile(log)
		if err == nil && !bytes.HasSuffix(text, []byte("\nready\n")) {
			err = fmt.Errorf("the cluster is not ready:\n%s", text)
		}
		return err
	})
	return c
}

// openSources opens the folders that the cluster is made of: go test knows a
// result until something changes that the test has opened.
func openSources(t testing.TB) {
	t.Helper()
	for _, root := range []string{"../cmd", "../etc", "../lua", "../scripts", "../smdb", "../tracker"} {
		if err := filepath.WalkDir(root, func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func (c cluster) checkLogs(t testing.TB) {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(c.dir, "*.log"))
	if len(logs) < frontends {
		t.Errorf("the only logs are %v", logs)
	}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Error(err)
		}
		for _, fault := range faults {
			if bytes.Contains(text, []byte(fault)) {
				t.Errorf("%s has %q", log, fault)
			}
		}
	}
	for _, log := range logs {
		showLog(t, log)
	}
}

// checkGone looks whether the cluster has left a program behind.
func (c cluster) checkGone(t testing.TB) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(c.dir, "*.pid"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pid")
		if err := syscall.Kill(c.pid(t, name), 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s outlives its cluster: %v", name, err)
		}
	}
}

// pid is that of a program of the cluster now.
func (c cluster) pid(t testing.TB, name string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// kill ends a program at once, as a crash does, and returns its pid.
func (c cluster) kill(t testing.TB, name string) int {
	t.Helper()
	pid := c.pid(t, name)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	return pid
}

// flushScripts makes Redis forget every script it was sent.
func (cluster) flushScripts(t testing.TB) {
	t.Helper()
	out, err := exec.Command("redis-cli", "-p", redisPort, "SCRIPT", "FLUSH").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "OK" {
		t.Fatalf("SCRIPT FLUSH: %v %s", err, out)
	}
}

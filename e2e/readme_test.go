package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The README's first push works as it stands there, twice in a row, in an empty directory.
func TestFirstPush(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## A first push\n")
	_, section, _ = strings.Cut(section, "```sh\n")
	push, _, found := strings.Cut(section, "```")
	if !found {
		t.Fatal("README.md has no first push")
	}
	command := exec.Command(filepath.Join(os.Getenv(binEnv), "p2ptracker"), "serve")
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "HOST=127.0.0.1"}
	start(t, command, filepath.Join(t.TempDir(), "tracker.log"), syscall.SIGTERM)
	await(t, func() error { return cluster{}.checkReady("127.0.0.1:" + proxyPort) })

	shell := exec.Command("bash", "-ec", push+push)
	shell.Dir = t.TempDir()
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + shell.Dir}
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	const hundreds = 2 * (1 + 2) // of the transfer and of each rack, twice
	if n := strings.Count(string(out), `"progress": "`+everything+`"`); n != hundreds {
		t.Errorf("%s is there %d times, want %d\n%s", everything, n, hundreds, out)
	}
}

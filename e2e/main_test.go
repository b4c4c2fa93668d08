// Package e2e lets real BitTorrent clients push a payload through a whole
// cluster: aria2, transmission, rtorrent and libtorrent on hosts in two racks,
// three frontends on a real Redis, a proxy in front of them. Each host has a
// network namespace and an address of its own.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/clients"
	"github.com/p2ptracker/p2ptracker/internal/netlab"
)

// binEnv names the directory of the programs for the process that runs the tests.
const binEnv = "E2E_BIN"

// programs are needed besides Go; each has the Debian package that holds it.
var programs = []struct{ name, pkg string }{
	{"aria2c", "aria2"},
	{"curl", "curl"},
	{"haproxy", "haproxy"},
	{"ip", "iproute2"},
	{"mktorrent", "mktorrent"},
	{"nginx", "nginx"},
	{"nsenter", "util-linux"},
	{"qbittorrent-nox", "qbittorrent-nox"},
	{"redis-cli", "redis-tools"},
	{"redis-server", "redis-server"},
	{"rtorrent", "rtorrent"},
	{"transmission-daemon", "transmission-daemon"},
}

// TestMain runs the tests in a process that has a network of its own. Whatever
// they set up there goes with the process, even if it is killed.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	switch {
	case os.Getenv(binEnv) != "":
		check(setUpNetwork())
		os.Exit(m.Run())
	case nothingToRun():
		os.Exit(m.Run())
	}
	check(missing())
	bin, err := build()
	if err == nil {
		err = netlab.Isolate(0, append(os.Environ(), binEnv+"="+bin))
	}
	os.RemoveAll(bin)
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

// nothingToRun says whether go test was called for other packages' sake, to list or
// to run fuzz targets.
func nothingToRun() bool {
	value := func(name string) string { return flag.Lookup(name).Value.String() }
	return value("test.list") != "" || value("test.run") == "^$" && value("test.bench") == ""
}

func missing() error {
	for _, program := range programs {
		if _, err := exec.LookPath(program.name); err != nil {
			return fmt.Errorf("%s is missing: install Debian's package %s", program.name, program.pkg)
		}
	}
	if err := exec.Command(clients.Python, "-c", "import libtorrent").Run(); err != nil {
		return fmt.Errorf("libtorrent for %s is missing: install Debian's package python3-libtorrent", clients.Python)
	}
	return nil
}

// build compiles the programs of the cluster, with the race detector if the
// tests have it, into a new directory.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "e2e"); err != nil {
		return "", err
	}
	args := []string{"build", "-buildvcs=false", "-o", dir}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	args = append(args, "../cmd/p2ptracker", "../cmd/smdbstub")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return dir, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
}

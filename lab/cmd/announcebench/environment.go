package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// environment is where servers run until it is closed.
type environment struct {
	dir         string // of programs, logs, and what servers read
	serverCores string // as taskset wants them
	loadCores   string
	cleanups    []func()
}

// newEnvironment takes two cores: one for all servers, one for the generator.
func newEnvironment() (*environment, error) {
	var cores unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cores); err != nil {
		return nil, fmt.Errorf("cores: %w", err)
	}
	var ours []int
	for core := 0; len(ours) < min(2, cores.Count()); core++ {
		if cores.IsSet(core) {
			ours = append(ours, core)
		}
	}
	if len(ours) < 2 {
		return nil, errors.New("needs two cores: one for the servers, one for the load")
	}
	dir, err := os.MkdirTemp("", "announcebench")
	if err != nil {
		return nil, err
	}
	e := &environment{dir: dir, serverCores: strconv.Itoa(ours[0]), loadCores: strconv.Itoa(ours[1])}
	e.cleanup(func() { _ = os.RemoveAll(dir) })
	return e, os.Chmod(dir, 0o755) //nolint:gosec // opentracker reads it as user nobody
}

// cleanup registers what close calls, the last first.
func (e *environment) cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

// unpinned is an environment in the same directory, whose servers stop earlier and share all cores
// with the load.
func (e *environment) unpinned() *environment {
	both := e.serverCores + "," + e.loadCores
	return &environment{dir: e.dir, serverCores: both, loadCores: both}
}

func (e *environment) close() {
	for _, cleanup := range slices.Backward(e.cleanups) {
		cleanup()
	}
}

// start runs a server on the servers' cores until the environment is closed, with its output in a
// log. Settings are NAME=value, for its environment. It waits until ready has no error.
func (e *environment) start(ctx context.Context, name string, ready func() error, settings []string, program ...string) (pid int, err error) {
	log := filepath.Join(e.dir, name+".log")
	command := pinned(context.Background(), e.serverCores, program...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, settings...)
	process, err := netlab.Start(command, log, syscall.SIGTERM)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	e.cleanup(process.Stop)
	if err := servers.Await(ctx, name+" does not get ready", ready); err != nil {
		text, _ := os.ReadFile(log)
		return 0, fmt.Errorf("%w\n%.2000s", err, text)
	}
	return process.PID, nil
}

// pinned is a command that keeps to some cores; taskset becomes the program.
func pinned(ctx context.Context, cores string, program ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", cores}, program...)...)
}

// pin keeps the threads of a server that runs to the servers' cores.
func (e *environment) pin(pid int) error {
	out, err := exec.CommandContext(context.Background(), "taskset", "-a", "-c", "-p", e.serverCores, strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}

// freePort is a port of the loopback that nobody has, for TCP and for UDP.
func freePort() (string, error) {
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		var config net.ListenConfig
		udp, err := config.ListenPacket(context.Background(), "udp", tcp.Addr().String())
		tcp.Close()
		if err == nil {
			_ = udp.Close()
			return strconv.Itoa(tcp.Addr().(*net.TCPAddr).Port), nil
		}
	}
	return "", errors.New("no free port")
}

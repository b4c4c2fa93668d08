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
	"time"

	"golang.org/x/sys/unix"
)

// startTimeout bounds how long a server may take to start, and to stop.
const startTimeout = 30 * time.Second

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
func (e *environment) start(name string, ready func() error, settings []string, program string, args ...string) (pid int, err error) {
	path := filepath.Join(e.dir, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	command := e.pinned(context.Background(), e.serverCores, program, args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, settings...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // killed, the suite takes them along
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	e.cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(startTimeout):
			_ = command.Process.Kill()
			<-ended
		}
	})
	for end := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		if err = ready(); err == nil {
			return command.Process.Pid, nil
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(path)
			return 0, fmt.Errorf("%s does not get ready: %w\n%.2000s", name, err, text)
		}
	}
}

// pinned is a command that keeps to some cores; taskset becomes the program.
func (e *environment) pinned(ctx context.Context, cores, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", cores, program}, args...)...)
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

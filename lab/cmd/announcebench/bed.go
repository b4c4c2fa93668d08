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

// patience bounds how long a server may take to start, and to stop.
const patience = 30 * time.Second

// bed is where servers run until the suite is over. It implements redistest.TB.
type bed struct {
	dir         string // of logs, and of what servers read
	serverCores string // as taskset wants them
	loadCores   string
	environment []string
	cleanups    []func()
}

// bedError is what Fatal panics with; rescue makes an error of it.
type bedError struct{ error }

// newBed takes two cores: one for all servers, one for the generator.
func newBed() (*bed, error) {
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
	b := &bed{dir: dir, serverCores: strconv.Itoa(ours[0]), loadCores: strconv.Itoa(ours[1]), environment: []string{"PATH=" + os.Getenv("PATH")}}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return b, os.Chmod(dir, 0o755) //nolint:gosec // opentracker reads it as user nobody
}

// Helper, Fatal, Fatalf, TempDir and Cleanup are what redistest wants of a test.
func (b *bed) Helper() {}

// Cleanup registers what close calls, the last first.
func (b *bed) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// Fatal gives up.
func (b *bed) Fatal(args ...any) { panic(bedError{errors.New(fmt.Sprint(args...))}) }

// Fatalf gives up.
func (b *bed) Fatalf(format string, args ...any) { panic(bedError{fmt.Errorf(format, args...)}) }

// TempDir is a new directory.
func (b *bed) TempDir() string {
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// shared is a bed in the same place whose servers can go before, and where nobody has a
// core for himself.
func (b *bed) shared() *bed {
	both := b.serverCores + "," + b.loadCores
	return &bed{dir: b.dir, serverCores: both, loadCores: both, environment: b.environment}
}

func (b *bed) close() {
	for _, cleanup := range slices.Backward(b.cleanups) {
		cleanup()
	}
}

// rescue is deferred where Fatal is to end.
func rescue(err *error) {
	if r := recover(); r != nil {
		failure, ok := r.(bedError)
		if !ok {
			panic(r)
		}
		*err = failure.error
	}
}

// start runs a server on the servers' cores until the bed is closed, with its output in a
// log. Settings are NAME=value, for its environment.
func (b *bed) start(name string, settings []string, program string, args ...string) (pid int) {
	log, err := os.Create(filepath.Join(b.dir, name+".log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	command := b.pinned(context.Background(), b.serverCores, program, args...)
	command.Env, command.Stdout, command.Stderr = slices.Concat(b.environment, settings), log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // killed, the suite takes them along
	if err := command.Start(); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	b.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = command.Process.Kill()
			<-ended
		}
	})
	return command.Process.Pid
}

// pinned is a command that keeps to some cores; taskset becomes the program.
func (b *bed) pinned(ctx context.Context, cores, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", cores, program}, args...)...)
}

// pin keeps the threads of a server that runs to the servers' cores.
func (b *bed) pin(pid int) {
	out, err := exec.CommandContext(context.Background(), "taskset", "-a", "-c", "-p", b.serverCores, strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		b.Fatalf("taskset: %v: %s", err, out)
	}
}

// await repeats a question until it is answered without an error.
func (b *bed) await(name string, ask func() error) {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ask(); err == nil {
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(b.dir, name+".log"))
	b.Fatalf("%s does not get ready: %v\n%.2000s", name, err, log)
}

// freePort is a port of the loopback that nobody has, for TCP and for UDP.
func (b *bed) freePort() string {
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		var config net.ListenConfig
		udp, err := config.ListenPacket(context.Background(), "udp", tcp.Addr().String())
		tcp.Close()
		if err == nil {
			_ = udp.Close()
			return strconv.Itoa(tcp.Addr().(*net.TCPAddr).Port)
		}
	}
	b.Fatal("no free port")
	return ""
}

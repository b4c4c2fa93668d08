// Package redistest starts real Redis servers for tests.
package redistest

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// TB is what a server needs of a test; a testing.TB is one.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(func())
}

// Server is a redis-server process of a test's own.
type Server struct {
	Addr string // host:port
	PID  int

	tb      TB
	dir     string
	options []string
	cmd     *exec.Cmd
}

// Start runs a redis-server on a free port of the loopback until the test ends.
// It keeps nothing on disk. A machine without redis-server fails the test.
func Start(tb TB) *Server {
	tb.Helper()
	return start(tb)
}

// start runs a server with further options of redis-server.
func start(tb TB, options ...string) *Server {
	tb.Helper()
	s := &Server{Addr: freeAddr(tb), tb: tb, dir: tb.TempDir(), options: options}
	s.Run()
	tb.Cleanup(s.Stop)
	return s
}

// Run starts the process, the first time or again after Stop.
func (s *Server) Run() {
	s.tb.Helper()
	host, port, _ := net.SplitHostPort(s.Addr)
	s.cmd = exec.Command("redis-server", append([]string{
		"--bind", host, "--port", port, "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning",
	}, s.options...)...)
	// A test binary that is killed takes its servers along.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("start redis-server: %v", err)
	}
	s.PID = s.cmd.Process.Pid
	for range 500 {
		if s.answers() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.tb.Fatalf("redis-server at %s does not answer", s.Addr)
}

// Stop ends the process at once; a crash looks the same.
func (s *Server) Stop() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// answers says whether it is this very process that answers: another one may
// have been faster to take the port.
func (s *Server) answers() bool {
	info, err := s.ask("INFO server")
	return err == nil && strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", s.PID))
}

// ask sends a command and returns the raw reply.
func (s *Server) ask(command string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte(command + "\r\nQUIT\r\n")); err != nil {
		return "", err
	}
	reply, err := io.ReadAll(conn)
	return string(reply), err
}

func freeAddr(tb TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return "127.0.0.1:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

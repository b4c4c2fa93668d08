// Package redistest runs real Redis servers, for tests and measurements.
package redistest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a redis-server process.
type Server struct {
	Addr string // host:port
	PID  int

	dir     string
	options []string
	bus     string // port of a cluster's node for the others
	cmd     *exec.Cmd
}

// New runs a redis-server on a free port of the loopback until Close. It keeps nothing on
// disk. Options are further ones of redis-server.
func New(options ...string) (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: addr, dir: dir, options: options}
	if err := s.Run(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Run starts the process, the first time or again after Stop.
func (s *Server) Run() error {
	host, port, _ := net.SplitHostPort(s.Addr)
	s.cmd = exec.Command("redis-server", append([]string{
		"--bind", host, "--port", port, "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning",
	}, s.options...)...)
	// A program that is killed takes its servers along.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	s.PID = s.cmd.Process.Pid
	return await("redis-server at "+s.Addr+" does not answer", s.answers)
}

// Stop ends the process at once; a crash looks the same.
func (s *Server) Stop() {
	if s.cmd.Process != nil && s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Close ends the process for good.
func (s *Server) Close() {
	s.Stop()
	_ = os.RemoveAll(s.dir)
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

// await repeats a question for ten seconds, until it is answered with yes.
func await(failure string, ask func() bool) error {
	for range 1000 {
		if ask() {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New(failure)
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return "127.0.0.1:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), nil
}

package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	maxAnswerLine = 4096 // bytes; a path and a hostname have 515
	maxStderrLine = 512  // bytes that are logged
)

// Faults of a program: its next lines might belong to other questions.
var (
	errNoAnswer = errors.New("it did not answer in time")
	errTooMuch  = errors.New("it wrote more than one line for an answer")
	errUnasked  = errors.New("it wrote a line although nothing was asked")
	errLongLine = fmt.Errorf("it wrote a line of more than %d bytes", maxAnswerLine)
	errClosed   = errors.New("closed")
)

// program is one running program of LOCATION_COMMAND, with its children in a process group of
// its own. One goroutine asks it and ends it.
type program struct {
	pid     int
	stdin   *os.File
	answers chan line
	left    chan struct{} // closed: nobody reads answers any more
	ended   chan struct{} // closed: the process group is gone
	err     error         // how it ended; after ended
	term    func()        // SIGTERM, and SIGKILL after a while
}

// startProgram starts it. Its standard error goes to the log line by line. A process that
// ignores SIGTERM, or holds the output open when the program has ended, is killed after grace.
func startProgram(argv []string, grace time.Duration, log *slog.Logger) (*program, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the operator names the program
	p := &program{
		stdin:   ours,
		answers: make(chan line),
		left:    make(chan struct{}),
		ended:   make(chan struct{}),
		term:    cancel,
	}
	stderr := logLines(log)
	cmd.Stdin = theirs
	cmd.Stdout = &lineWriter{max: maxAnswerLine, each: p.deliver}
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return p.signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		cancel()
		ours.Close()
		return nil, err
	}
	p.pid = cmd.Process.Pid
	go p.wait(cmd, stderr)
	return p, nil
}

// logLines logs each line that is written to it.
func logLines(log *slog.Logger) *lineWriter {
	return &lineWriter{max: maxStderrLine, each: func(l line) error {
		text := strings.ToValidUTF8(l.text, "�")
		if l.cut {
			text += "…"
		}
		log.Info("location program says", "line", text)
		return nil
	}}
}

// wait waits until the program has ended and all that it wrote is read.
func (p *program) wait(cmd *exec.Cmd, stderr *lineWriter) {
	defer close(p.ended)
	p.err = cmd.Wait()
	if p.err == nil {
		p.err = errors.New("exit status 0")
	}
	_ = p.signal(syscall.SIGKILL) // its children do not outlive it
	p.term()                      // the context is no longer needed
	_ = stderr.flush()            // logging does not fail
}

// deliver passes a line to the goroutine that asks.
func (p *program) deliver(l line) error {
	select {
	case p.answers <- l:
		return nil
	case <-p.left:
		return errClosed
	}
}

// signal reaches the program and its children.
func (p *program) signal(s syscall.Signal) error {
	if err := syscall.Kill(-p.pid, s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

// ask writes one question and reads its answer. After an error no answer of the program can be
// trusted.
func (p *program) ask(ip netip.Addr, timeout time.Duration, closing <-chan struct{}) (string, error) {
	select {
	case <-p.answers:
		return "", errUnasked
	default:
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	if err := p.stdin.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(p.stdin, ip); err != nil {
		return "", fmt.Errorf("it does not read: %w", err)
	}
	select {
	case l := <-p.answers:
		return l.text, l.trusted()
	case <-p.ended:
		return "", fmt.Errorf("it ended: %w", p.err)
	case <-timer.C:
		return "", errNoAnswer
	case <-closing:
		return "", errClosed
	}
}

// trusted says whether a line can be the answer to the one question.
func (l line) trusted() error {
	switch {
	case l.cut:
		return errLongLine
	case l.more:
		return errTooMuch
	}
	return nil
}

// kill ends the program at once.
func (p *program) kill() {
	select {
	case <-p.ended: // another process may have its number by now
	default:
		_ = p.signal(syscall.SIGKILL) // it may have ended by itself
	}
	p.leave()
}

// stop closes its input and sends SIGTERM, so that it can end by itself.
func (p *program) stop() {
	p.term()
	p.leave()
}

func (p *program) leave() {
	close(p.left)
	p.stdin.Close()
	<-p.ended
}

package netlab

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopBound is how long a program may take to end when it is asked to.
const stopBound = 20 * time.Second

// Process is a program that runs in a process group of its own, and ends with this process.
type Process struct {
	PID   int
	Ended <-chan struct{} // is closed when it has ended
	end   syscall.Signal
}

// Start runs a command until Stop, or until this process ends: then it gets the signal. What
// it prints goes to the file log.
func Start(command *exec.Cmd, log string, end syscall.Signal) (*Process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: end}
	if err := command.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	return &Process{PID: command.Process.Pid, Ended: ended, end: end}, nil
}

// HasEnded says whether the program itself, the leader of its group, has ended.
func (p *Process) HasEnded() bool {
	select {
	case <-p.Ended:
		return true
	default:
		return false
	}
}

// Kill ends the group at once: it tells nobody.
func (p *Process) Kill() error { return syscall.Kill(-p.PID, syscall.SIGKILL) }

// Stop signals the group until its leader has ended.
func (p *Process) Stop() {
	for end := p.end; !p.HasEnded(); end = syscall.SIGKILL {
		_ = syscall.Kill(-p.PID, end)
		select {
		case <-p.Ended:
		case <-time.After(stopBound):
		}
	}
}

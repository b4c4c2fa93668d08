// Package netlab runs programs in networks of their own: it puts a process apart from
// the machine, configures network namespaces, and starts programs that end with it. The
// end-to-end tests and the uplink laboratory are built on it.
package netlab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Isolate runs this program again, with the same arguments and this environment, in
// new network and mount namespaces, and in further ones that clone flags name; it returns
// when that has ended. Whatever is set up there goes with it, even if either of the two
// is killed. A user who is not root gets a user namespace as well, where the kernel allows it.
func Isolate(further uintptr, environment []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.CommandContext(context.Background(), self, os.Args[1:]...) //nolint:gosec // it is this very program
	command.Env = environment
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:    syscall.SIGKILL,
		Cloneflags:   further,
		Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
	}
	if os.Geteuid() != 0 {
		asUser(command.SysProcAttr)
	}
	// The kernel means the thread, not the process, by the parent that dies.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := command.Start(); err != nil {
		return fmt.Errorf("network namespaces are needed: run as root with CAP_NET_ADMIN and CAP_SYS_ADMIN: %w", err)
	}
	go func() {
		for s := range signals {
			_ = command.Process.Signal(s)
		}
	}()
	return command.Wait()
}

// asUser adds a user namespace in which a user keeps his id and may change the
// network.
func asUser(attr *syscall.SysProcAttr) {
	const capNetAdmin, capSysAdmin = 12, 21
	attr.Unshareflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	attr.AmbientCaps = []uintptr{capNetAdmin, capSysAdmin}
}

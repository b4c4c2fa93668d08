package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// runIsolated runs this program again, in new network and mount namespaces.
// Whoever is not root gets a user namespace as well, where the kernel allows it.
func runIsolated(bin string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, os.Args[1:]...)
	command.Env = append(os.Environ(), binEnv+"="+bin)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:    syscall.SIGKILL,
		Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
	}
	if os.Geteuid() != 0 {
		asUser(command.SysProcAttr)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("network namespaces are needed: run as root with CAP_NET_ADMIN and CAP_SYS_ADMIN: %w", err)
	}
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

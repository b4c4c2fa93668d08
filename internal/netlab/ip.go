package netlab

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// HideNames hides the machine's /run: the names of network namespaces, which are files
// there, are those of this process alone.
func HideNames() error {
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	return nil
}

// IP runs commands of ip(8) in a namespace; without a name in our own.
func IP(namespace string, commands ...string) error {
	return batch("ip", "-netns", namespace, commands)
}

// TC runs commands of tc(8), likewise.
func TC(namespace string, commands ...string) error { return batch("tc", "-n", namespace, commands) }

func batch(program, flag, namespace string, commands []string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{flag, namespace}, args...)
	}
	command := exec.CommandContext(context.Background(), program, args...)
	command.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(commands, "; "), err, out)
	}
	return nil
}

// Inside is a command that runs in a namespace; without a name in our own.
func Inside(namespace string, command ...string) *exec.Cmd {
	if namespace != "" {
		command = append([]string{"nsenter", "--net=/run/netns/" + namespace}, command...)
	}
	return exec.CommandContext(context.Background(), command[0], command[1:]...) //nolint:gosec // that is what it is for
}

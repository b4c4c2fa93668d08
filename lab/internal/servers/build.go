// Package servers builds, starts and asks what the programs that measure need.
package servers

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Product is the directory of the tracker's own module, as seen from anywhere in the laboratory's.
func Product(ctx context.Context) (string, error) {
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/p2ptracker/p2ptracker").Output()
	if err != nil {
		return "", fmt.Errorf("run this in the laboratory's module: %w", err)
	}
	return strings.TrimSpace(string(dir)), nil
}

// Build is go build in the tracker's own module, and so with its dependencies. Like the programs that
// users have, those that it makes hold nothing for debuggers.
func Build(ctx context.Context, args ...string) error {
	dir, err := Product(ctx)
	if err != nil {
		return err
	}
	args = append([]string{"-C", dir, "build", "-ldflags", "-s -w"}, args...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// The programs of the product, for Build.
const (
	Tracker  = "./cmd/p2ptracker"
	SMDBStub = "./cmd/smdbstub"
)

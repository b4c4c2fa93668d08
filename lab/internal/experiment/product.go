package experiment

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

// Build compiles the tracker and the SMDB stub, with the product's own dependencies. Flags are those
// of go build.
func Build(ctx context.Context, flags ...string) error {
	dir, err := Product(ctx)
	if err != nil {
		return err
	}
	args := append([]string{"-C", dir, "build"}, flags...)
	out, err := exec.CommandContext(ctx, "go", append(args, "./cmd/p2ptracker", "./cmd/smdbstub")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

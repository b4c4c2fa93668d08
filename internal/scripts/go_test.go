// Package scripts tests the scripts that need no cluster to be tried.
package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const script = "../../scripts/go"

// standIn says it is the version given, and that it fetches no other by default; run, it prints
// what it was given.
const standIn = `#!/bin/sh
[ "$1" = env ] || { echo %[1]s $GOTOOLCHAIN "$GOFLAGS" "$@"; exit; }
shift
for name; do
	case $name in
	GOVERSION) echo %[1]s ;;
	GOTOOLCHAIN) echo ${GOTOOLCHAIN:-local} ;;
	GOFLAGS) echo "$GOFLAGS" ;;
	esac
done
`

// TestGo shows which Go of PATH is taken, and that it may fetch the one that go.mod names
// unless somebody wants a certain one.
func TestGo(t *testing.T) {
	if _, err := os.Stat(script); err != nil { // go test runs this anew after a change
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		versions []string // in the order of PATH
		env      string
		want     string
	}{
		{"too old", []string{"go1.19.8", "go1.20.14", "go1.21.0"}, "", "go1.21.0 auto  -buildvcs=false version -m"},
		{"first of two", []string{"go1.26.8", "go1.27.0"}, "GOTOOLCHAIN=local", "go1.26.8 auto  -buildvcs=false version -m"},
		{"a certain one", []string{"go1.26.8"}, "GOTOOLCHAIN=go1.26.3", "go1.26.8 go1.26.3  -buildvcs=false version -m"},
		{"flags are kept", []string{"go1.26.8"}, "GOFLAGS=-v", "go1.26.8 auto -v -buildvcs=false version -m"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := ""
			for _, version := range test.versions {
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "go"), fmt.Appendf(nil, standIn, version), 0o700); err != nil {
					t.Fatal(err)
				}
				path += dir + ":"
			}
			command := exec.Command(script, "version", "-m")
			command.Env = []string{"PATH=" + path + "/usr/bin:/bin", test.env}
			out, err := command.CombinedOutput()
			if err != nil || string(out) != test.want+"\n" {
				t.Errorf("%q, %v; want %q", out, err, test.want)
			}
		})
	}
}

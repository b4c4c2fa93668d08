package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

//go:generate go test -run ^TestReadme$ . -update

var update = flag.Bool("update", false, "write the table of settings into README.md")

const (
	tableBegin = "<!-- config -->\n"
	tableEnd   = "<!-- /config -->"
)

// The table of the README is the one that the program prints; make readme
// writes it.
func TestReadme(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, foundBegin := strings.Cut(string(text), tableBegin)
	table, after, foundEnd := strings.Cut(rest, tableEnd)
	if !foundBegin || !foundEnd {
		t.Fatalf("README.md has no %s and %s around the table", strings.TrimSpace(tableBegin), tableEnd)
	}
	var want strings.Builder
	if err := printMarkdown(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		table = want.String()
		if err := os.WriteFile(path, []byte(before+tableBegin+table+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if table != want.String() {
		t.Error("the table of README.md is not what p2ptracker config --markdown prints: run make readme")
	}
}

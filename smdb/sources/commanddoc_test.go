package sources

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// The programs that docs/location-command.md shows do what it says.
func TestCommandExamples(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "location-command.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	hosts := filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, []byte("10.1.2.3\tdc1/r17\tweb1\n2001:db8::7\tFA 12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for interpreter, begin := range map[string]string{"sh": "```sh\n#!/bin/sh\n", "python3": "```python\n"} {
		_, program, _ := strings.Cut(string(text), begin)
		program, _, ended := strings.Cut(program, "```\n")
		if !ended {
			t.Fatalf("there is no example for %s", interpreter)
		}
		path := filepath.Join(dir, interpreter)
		if err := os.WriteFile(path, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		settings := &Settings{CommandSettings: CommandSettings{LocationCommand: interpreter + " " + path + " " + hosts}}
		chain, err := Open("command", settings, smdb.Env{Timeout: longTimeout, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for ip, want := range map[string]tracker.Place{
				"10.1.2.3":    {Location: "dc1/r17", Hostname: "web1"},
				"2001:db8::7": {Location: "FA%2012"},
				"10.1.2.4":    {},
			} {
				place, err := chain.Locate(t.Context(), netip.MustParseAddr(ip))
				if place != want || kind(err) == errFailure {
					t.Errorf("%s: %s: %+v, %v; want %+v", interpreter, ip, place, err, want)
				}
			}
		}
		chain.Close()
	}
}

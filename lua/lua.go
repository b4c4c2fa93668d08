// Package lua holds the scripts that run inside Redis, assembled from the files
// of this folder. README.md documents the keys they keep.
package lua

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.lua chapters/*.lua
var files embed.FS

// All are the scripts by name, ready for EVAL. Their headers give KEYS, ARGV,
// replies and cost.
var All = assembleAll("announce", "again", "scrape", "statistics", "register", "close", "archive",
	"lease", "release", "confirm", "probe", "moment", "drop", "sweep", "reserve", "evict", "ready",
	"settings", "mark")

func assembleAll(names ...string) map[string]string {
	scripts := make(map[string]string, len(names))
	for _, name := range names {
		scripts[name] = assemble(name + ".lua")
	}
	return scripts
}

const directive = "-- include: "

// assemble reads a script and puts each chapter where its directive stands.
func assemble(name string) string {
	var script strings.Builder
	for line := range strings.Lines(read(name)) {
		if chapter, ok := strings.CutPrefix(strings.TrimSpace(line), directive); ok {
			line = read("chapters/" + chapter + ".lua")
		}
		script.WriteString(line)
	}
	return script.String()
}

// read panics on a missing file: the binary was built wrongly, and no test
// of it can have passed.
func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("lua: %v", err))
	}
	return string(text)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/joho/godotenv"
)

// loadFile puts the lines NAME=value of a config file into the environment,
// where a name that is set already, with or without the prefix, stays as it is.
// A name that is no setting's is an error.
func loadFile(path string, known []setting) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	values, err := parseFile(string(text), known)
	if err != nil {
		return fmt.Errorf("config file %s: %w", path, err)
	}
	for name, value := range values {
		if inEnvironment(name) || inEnvironment(prefix+name) {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("config file %s: %s: %w", path, name, err)
		}
	}
	return nil
}

func inEnvironment(name string) bool {
	_, found := os.LookupEnv(name)
	return found
}

// parseFile reads values by name, without the prefix. Its errors give the line
// and never repeat it: it may hold a password.
func parseFile(text string, known []setting) (map[string]string, error) {
	names := make(map[string]bool)
	for _, s := range known {
		names[s.name] = true
	}
	values := make(map[string]string)
	number := 0
	for line := range strings.Lines(text) {
		number++
		name, value, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if name == "" {
			continue
		}
		name = strings.TrimPrefix(name, prefix)
		switch _, twice := values[name]; {
		case !names[name]:
			return nil, fmt.Errorf("line %d: unknown setting %s", number, name)
		case twice:
			return nil, fmt.Errorf("line %d: %s is set a second time", number, name)
		}
		values[name] = value
	}
	return values, nil
}

var errLine = errors.New("must be NAME=value")

// parseLine reads one line. An empty line, or a comment, has no name.
func parseLine(line string) (name, value string, err error) {
	pairs, err := godotenv.Unmarshal(line)
	if err != nil || len(pairs) > 1 {
		return "", "", errLine
	}
	for name, value = range pairs {
		if name == "" {
			return "", "", errLine
		}
	}
	// Outside of single quotes godotenv replaces $NAME by nothing.
	if name != "" && strings.Count(line, "$") != strings.Count(value, "$") {
		return "", "", fmt.Errorf("%s: a value with a $ belongs between single quotes", name)
	}
	return name, value, nil
}

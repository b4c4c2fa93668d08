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
func (f *faults) loadFile(path string, known []setting) {
	text, err := os.ReadFile(path)
	if err != nil {
		f.unread = true
		f.add(fmt.Errorf("config file: %w", err))
		return
	}
	values, wrong := parseFile(string(text), known)
	for _, err := range wrong {
		f.unread = f.unread || !errors.Is(err, errUnknown)
		f.add(fmt.Errorf("config file %s: %w", path, err))
	}
	for name, value := range values {
		if inEnvironment(name) || inEnvironment(prefix+name) {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			f.add(fmt.Errorf("config file %s: %s: %w", path, name, err))
		}
	}
}

func inEnvironment(name string) bool {
	_, found := os.LookupEnv(name)
	return found
}

// parseFile reads values by name, without the prefix. Its errors, one for a line, give the
// line's number and never repeat it: it may hold a password.
func parseFile(text string, known []setting) (values map[string]string, wrong []error) {
	names := make(map[string]bool)
	for _, s := range known {
		names[s.name] = true
	}
	values = make(map[string]string)
	text = strings.TrimPrefix(text, "\ufeff") // some editors put it before UTF-8
	number := 0
	for line := range strings.Lines(text) {
		number++
		name, value, err := parseLine(line)
		if name == "" && err == nil {
			continue
		}
		name = strings.TrimPrefix(name, prefix)
		_, twice := values[name]
		switch {
		case err != nil:
		case !names[name]:
			err = fmt.Errorf("%w %s", errUnknown, name)
		case twice:
			err = fmt.Errorf("%s is set a second time", name)
		default:
			values[name] = value
			continue
		}
		wrong = append(wrong, fmt.Errorf("line %d: %w", number, err))
	}
	return values, wrong
}

var (
	errLine    = errors.New("must be NAME=value")
	errUnknown = errors.New("unknown setting")
)

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

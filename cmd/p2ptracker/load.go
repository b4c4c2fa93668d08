package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

const (
	prefix     = "P2PTRACKER_"
	configFile = "P2PTRACKERCONFIG"
)

// load reads the settings from the environment and from the config file, which
// P2PTRACKERCONFIG names if path is empty; no name means no file. P2PTRACKER_NAME
// wins over NAME, and the environment over the file. It names all that is wrong.
func load(path string) (c Config, wrong faults) {
	known := settings(&c)
	if path == "" {
		path = os.Getenv(configFile)
	}
	if path != "" {
		wrong.loadFile(path, known)
	}
	wrong.add(unknownNames(known))
	for _, s := range known {
		if err := s.read(); err != nil {
			wrong.add(err)
		} else if err := s.checkBounds(); err != nil {
			wrong.add(fmt.Errorf("%s: %w", s.name, err))
		}
	}
	for _, r := range c.together() {
		if names := strings.Fields(r.settings); r.broken && !wrong.blames(names...) {
			wrong.add(fmt.Errorf("%s: %s", names[0], r.reason))
		}
	}
	if wrong.noSources = wrong.blames(c.locationSettings()...); !wrong.noSources {
		wrong.add(c.Check(c.Location))
	}
	return c, wrong
}

// locationSettings are the names of the settings that the location sources depend on.
func (c *Config) locationSettings() []string {
	names := []string{"LOCATION", "LOCATION_TIMEOUT"}
	for _, s := range settingsIn(reflect.ValueOf(&c.Settings).Elem()) {
		names = append(names, s.name)
	}
	return names
}

// unknownNames are those in the environment that begin with the prefix and are no setting's.
func unknownNames(known []setting) error {
	var unknown []error
	for _, pair := range slices.Sorted(slices.Values(os.Environ())) {
		variable, _, _ := strings.Cut(pair, "=")
		name, ours := strings.CutPrefix(variable, prefix)
		if ours && !slices.ContainsFunc(known, func(s setting) bool { return s.name == name }) {
			unknown = append(unknown, fmt.Errorf("unknown environment variable %s", variable))
		}
	}
	return errors.Join(unknown...)
}

// read sets the field. Envconfig stops at the first fault, so it is given one setting alone.
func (s setting) read() error {
	alone := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Alone", Type: s.field.Type(), Tag: s.tag}}))
	if err := envconfig.Process(strings.TrimSuffix(prefix, "_"), alone.Interface()); err != nil {
		return nameSetting(err)
	}
	s.field.Set(alone.Elem().Field(0))
	return nil
}

// nameSetting rewords envconfig's error: the setting's name, then the reason.
func nameSetting(err error) error {
	var parse *envconfig.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	name := strings.TrimPrefix(parse.KeyName, prefix)
	var number *strconv.NumError
	if !errors.As(parse.Err, &number) {
		return fmt.Errorf("%s: %w", name, parse.Err)
	}
	kind := "a whole number"
	if parse.TypeName == "bool" {
		kind = "true or false"
	}
	return fmt.Errorf("%s: must be %s, not %q: %w", name, kind, number.Num, number.Err)
}

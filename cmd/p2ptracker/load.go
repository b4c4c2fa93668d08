package main

import (
	"errors"
	"fmt"
	"os"
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
// wins over NAME, and the environment over the file. Errors name the setting
// and fit on one line.
func load(path string) (Config, error) {
	var c Config
	if path == "" {
		path = os.Getenv(configFile)
	}
	if path != "" {
		if err := loadFile(path, settings(&c)); err != nil {
			return Config{}, err
		}
	}
	if err := envconfig.CheckDisallowed(strings.TrimSuffix(prefix, "_"), &c); err != nil {
		return Config{}, err
	}
	if err := envconfig.Process(strings.TrimSuffix(prefix, "_"), &c); err != nil {
		return Config{}, nameSetting(err)
	}
	return c, c.check()
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

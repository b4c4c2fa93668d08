// Command p2ptracker is a rack-aware BitTorrent tracker: in each rack a few
// hosts get peers from everywhere, all others get peers of their own rack only.
//
// It is the only place of the program that reads the environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	if err := newCommand().ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "p2ptracker:", err)
		os.Exit(exitStatus(err))
	}
}

// exitConfig is EX_CONFIG of sysexits.h: there is no use in another try.
const exitConfig = 78

// settingsError is an error that only a change of the settings mends.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

func exitStatus(err error) int {
	if errors.As(err, new(settingsError)) {
		return exitConfig
	}
	return 1
}

// newCommand is the whole command line. Errors are printed once, by main, in
// one line and without the usage, which would bury it.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "p2ptracker",
		Short:         "A rack-aware BitTorrent tracker",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	file := root.PersistentFlags().String("config", "", "`file` of NAME=value lines; P2PTRACKERCONFIG names one as well")
	load := func() (Config, error) {
		c, err := load(*file)
		if err != nil {
			return Config{}, settingsError{err}
		}
		return c, nil
	}
	root.AddCommand(newServeCommand(load), newConfigCommand(load), newHealthCommand(load), newLocateCommand(load), newVersionCommand())
	return root
}

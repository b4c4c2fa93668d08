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
	"strings"

	"github.com/spf13/cobra"
)

func main() {
	err := newCommand().ExecuteContext(context.Background())
	if err == nil {
		return
	}
	if !errors.As(err, new(loggedError)) {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(os.Stderr, "p2ptracker:", strings.TrimSuffix(line, "\n"))
		}
	}
	os.Exit(exitStatus(err))
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

// settingsHelp is for each command that reads them.
const settingsHelp = `Settings come from the environment, as NAME or P2PTRACKER_NAME, which wins; and
from a file of NAME=value lines, named by --config or P2PTRACKERCONFIG. The
environment wins over the file. "p2ptracker config" prints them all, with what
they mean, as such a file. A setting that is wrong or unknown ends the program
with status 78.`

// newCommand is the whole command line. Errors are printed once, by main, a line
// each and without the usage, which would bury them.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "p2ptracker",
		Short: "A rack-aware BitTorrent tracker",
		Long:  "A rack-aware BitTorrent tracker.\n\n" + settingsHelp,
		Example: `  p2ptracker serve                                     # port 6969, everything in memory
  PORT=8080 REDISHOST=redis.example p2ptracker serve   # port 8080, everything in Redis`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	file := root.PersistentFlags().String("config", "", "`file` of NAME=value lines; P2PTRACKERCONFIG names one as well")
	load := func() (Config, faults) { return load(*file) }
	root.AddCommand(newServeCommand(load), newConfigCommand(load), newHealthCommand(load), newLocateCommand(load), newVersionCommand())
	return root
}

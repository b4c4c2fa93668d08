package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newConfigCommand(load func() (Config, faults)) *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting: name, meaning, default and present value",
		Long: "Print every setting as a config file: name, meaning, default and present value. Secrets\n" +
			"are hidden.\n\n" + settingsHelp,
		Example: `  p2ptracker config > tracker.conf            # to begin with
  p2ptracker config --config tracker.conf     # what is wrong with it, or what it amounts to`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if markdown {
				return printMarkdown(cmd.OutOrStdout())
			}
			c, wrong := load()
			if err := wrong.err(); err != nil {
				return err
			}
			return printConfig(cmd.OutOrStdout(), &c)
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print names, defaults and meanings as a Markdown table")
	return cmd
}

// printConfig writes the settings as a config file that says what each means.
// Secrets become comments, so that nobody's password is ever "hidden". So do a program's
// arguments, which may be secrets, and what no line of such a file can hold.
func printConfig(w io.Writer, c *Config) error {
	var out strings.Builder
	for _, s := range settings(c) {
		fmt.Fprintf(&out, "# %s: %s. Default: %s\n", s.name, s.meaning, orNone(s.defaultValue))
		line, ok := s.line()
		switch {
		case s.isSecret():
			line = fmt.Sprintf("# %s is set, and hidden", s.name)
		case s.hasArguments():
			line = fmt.Sprintf("# %s is set to %q (arguments hidden)", s.name, s.program())
		case !ok:
			line = fmt.Sprintf("# %s is set to what a config file cannot hold", s.name)
		}
		fmt.Fprintf(&out, "%s\n\n", line)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// line is the line of a config file that reads back as the present value, if
// there is one. Single quotes keep a $, a # and blanks as they are.
func (s setting) line() (string, bool) {
	formats := []string{"%s='%s'", `%s="%s"`}
	if !strings.ContainsAny(s.value(), "$# \t") {
		formats = []string{"%s=%s", "%s='%s'", `%s="%s"`}
	}
	for _, format := range formats {
		line := fmt.Sprintf(format, s.name, s.value())
		values, wrong := parseFile(line, []setting{s})
		if len(wrong) == 0 && values[s.name] == s.value() {
			return line, true
		}
	}
	return "", false
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// printMarkdown writes the table of the README. It knows of no environment.
func printMarkdown(w io.Writer) error {
	var out strings.Builder
	out.WriteString("| name | default | meaning |\n| --- | --- | --- |\n")
	for _, s := range settings(&Config{}) {
		value := ""
		if s.defaultValue != "" {
			value = "`" + strings.ReplaceAll(s.defaultValue, ",", ", ") + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", s.name, value, s.meaning)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

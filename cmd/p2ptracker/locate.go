package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// newLocateCommand asks the sources as the server with the same settings would, without its cache.
func newLocateCommand(load func() (Config, faults)) *cobra.Command {
	return &cobra.Command{
		Use:   "locate IP[,IP]...",
		Short: "Ask the location sources, and print what each says of these addresses",
		Long: "Ask all sources of LOCATION what they say of these addresses now, without anything\n" +
			"that a tracker remembers. The source with a star decides. A host that has an IPv4\n" +
			"and an IPv6 address, joined here by a comma, is where its IPv4 address is.\n\n" + settingsHelp,
		Example: `  LOCATION=file,subnet HOSTS_FILE=/etc/racks.csv p2ptracker locate 10.1.2.3
  p2ptracker locate --config /etc/p2ptracker.conf 10.1.2.3,2001:db8::7 10.1.2.4`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			hosts, err := parseHosts(args)
			if err != nil {
				return err
			}
			c, wrong := load()
			chain, err := openChain(&c, wrong, nil, newLogger(cmd.ErrOrStderr(), &c))
			if err != nil {
				return err
			}
			defer chain.Close()
			missing := 0
			for _, host := range hosts {
				answers, decides := chain.Explain(cmd.Context(), host.decides)
				if !printLocation(cmd.OutOrStdout(), host, answers, decides) {
					missing++
				}
			}
			if missing > 0 {
				return fmt.Errorf("%d of %d addresses have no location", missing, len(hosts))
			}
			return nil
		},
	}
}

// located is a host: the address that decides where it is, and perhaps another one.
type located struct{ decides, also netip.Addr }

func (l located) String() string {
	if !l.also.IsValid() {
		return l.decides.String()
	}
	return l.decides.String() + ", " + l.also.String()
}

func parseHosts(words []string) ([]located, error) {
	hosts := make([]located, len(words))
	for i, word := range words {
		first, second, both := strings.Cut(word, ",")
		addrs := []string{first}
		if both {
			addrs = append(addrs, second)
		}
		for _, addr := range addrs {
			ip, err := netip.ParseAddr(addr)
			if err != nil {
				return nil, fmt.Errorf("%q is no IP address", addr)
			}
			hosts[i] = located{tracker.PlainAddr(ip), hosts[i].decides}
		}
		if both && hosts[i].decides.Is4() == hosts[i].also.Is4() {
			return nil, fmt.Errorf("%q: the addresses of a host are one of IPv4 and one of IPv6", word)
		}
		if hosts[i].also.Is4() {
			hosts[i] = located{hosts[i].also, hosts[i].decides}
		}
	}
	return hosts, nil
}

// printLocation writes a line for each source and the host's location; the source with a star
// decides. It returns whether the host has a location.
func printLocation(w io.Writer, host located, answers []smdb.SourceAnswer, decides int) bool {
	fmt.Fprintf(w, "%s\n", host)
	for i, a := range answers {
		mark := " "
		if i == decides {
			mark = "*"
		}
		fmt.Fprintf(w, " %s %s: %s (%s)\n", mark, a.Source, verdict(a), a.Took.Round(time.Microsecond))
	}
	if decides < 0 {
		fmt.Fprintln(w, "   has no location: no source knows it")
		return false
	}
	switch decider := answers[decides]; {
	case decider.Err == nil:
		fmt.Fprintf(w, "   is in %s%s\n", decider.Place.Location, host.reservation())
		return true
	case errors.Is(decider.Err, smdb.ErrInvalid):
		fmt.Fprintf(w, "   has no location: %s knows no valid one\n", decider.Source)
	default:
		fmt.Fprintf(w, "   cannot be located now: %s fails\n", decider.Source)
	}
	return false
}

// reservation says which address decides, where there may be two.
func (l located) reservation() string {
	switch {
	case l.also.IsValid():
		return ", by its IPv4 address"
	case l.decides.Is6():
		return ", unless it has an IPv4 address, which decides then"
	}
	return ""
}

// verdict is a source's answer in one line.
func verdict(a smdb.SourceAnswer) string {
	switch {
	case a.Err == nil:
		return strings.TrimSpace(fmt.Sprintf("found %s %s", a.Place.Location, a.Place.Hostname))
	case errors.Is(a.Err, smdb.ErrNotFound):
		return "not found" + reason(a.Err)
	case errors.Is(a.Err, smdb.ErrInvalid):
		return fmt.Sprintf("invalid: %v", a.Err)
	default:
		return fmt.Sprintf("failed: %v", a.Err)
	}
}

// reason is why a source does not know a host, such as that the host has no name.
func reason(err error) string {
	if _, more, found := strings.Cut(err.Error(), smdb.ErrNotFound.Error()+": "); found {
		return ": " + more
	}
	return ""
}

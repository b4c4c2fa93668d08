package sources

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// FileSettings say which file knows where each host stands.
type FileSettings struct {
	HostsFile string `envconfig:"HOSTS_FILE" desc:"file of hosts and their paths: .csv with lines like 10.1.2.3,dc1/r17 or 10.1.2.3,dc1/r17,web1, or .yaml with lines like 10.1.2.3: dc1/r17 or 10.1.2.3: {path: dc1/r17, hostname: web1}; replace it by rename, and it is read again as SUBNETS_FILE is"`
}

func (s *FileSettings) openFile(env smdb.Env) (smdb.Source, error) {
	parse, err := hostsParser(s.HostsFile)
	if err != nil {
		return nil, settingError("HOSTS_FILE", err)
	}
	source, err := openTableFile(s.HostsFile, parse, env.Log)
	return source, settingError("HOSTS_FILE", err)
}

func hostsParser(path string) (func([]byte) (table, error), error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return parseHostsCSV, nil
	case ".yaml", ".yml":
		return parseHostsYAML, nil
	}
	return nil, fmt.Errorf("must be a file whose name ends with .csv, .yaml or .yml, not %q", path)
}

// hostsTable has the places of hosts by their addresses.
type hostsTable map[netip.Addr]tracker.Place

func (t hostsTable) find(ip netip.Addr) (tracker.Place, bool) {
	place, known := t[ip]
	return place, known
}

func (t hostsTable) size() int { return len(t) }

// add adds a host. It may be repeated, but not in another rack.
func (t hostsTable) add(address, path, hostname string) error {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" {
		return fmt.Errorf("%.80q is no address", address)
	}
	if path == "" {
		return errors.New("there is no path")
	}
	location, err := tracker.ParseLocation(path)
	if err != nil {
		return fmt.Errorf("path: %w", err)
	}
	if err := checkHostname(hostname); err != nil {
		return err
	}
	place := tracker.Place{Location: location, Hostname: strings.TrimSpace(hostname)}
	ip = ip.Unmap()
	if other, known := t[ip]; known {
		if place, err = onePlace(place, other); err != nil {
			return fmt.Errorf("%s is %s here and %s above", ip, location, other.Location)
		}
	}
	t[ip] = place
	return nil
}

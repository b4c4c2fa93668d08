package sources

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// DNSSettings are those of all sources that ask the DNS.
type DNSSettings struct {
	DNSServers string `envconfig:"DNS_SERVERS" desc:"DNS servers to ask, host or host:port, separated by commas, the next one if one does not answer; empty means those of /etc/resolv.conf at start"`
}

const (
	resolvConf = "/etc/resolv.conf"
	dnsPort    = "53"
)

// resolver asks DNS servers. It caches nothing: smdb.Cache and most DNS servers do that already.
type resolver struct {
	servers []string // host:port, in the order in which they are tried
}

// newResolver returns a resolver for DNS_SERVERS; an error begins with that name.
func newResolver(s DNSSettings) (*resolver, error) {
	read := parseServers
	source := s.DNSServers
	if source == "" {
		read, source = readResolvConf, resolvConf
	}
	servers, err := read(source)
	if err != nil {
		return nil, fmt.Errorf("DNS_SERVERS: %w", err)
	}
	return &resolver{servers: servers}, nil
}

func readResolvConf(path string) ([]string, error) {
	config, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("none are set, and %w", err)
	}
	if len(config.Servers) == 0 {
		return nil, fmt.Errorf("none are set, and %s names none", path)
	}
	servers := make([]string, len(config.Servers))
	for i, host := range config.Servers {
		servers[i] = net.JoinHostPort(host, dnsPort)
	}
	return servers, nil
}

func parseServers(list string) ([]string, error) {
	var servers []string
	for word := range strings.SplitSeq(list, ",") {
		server, err := parseServer(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("%q is no server like 10.0.0.53 or 10.0.0.53:53: %w", word, err)
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// parseServer reads "ns1", "10.0.0.53:5353", "2001:db8::53", "[2001:db8::53]" or
// "[2001:db8::53]:5353".
func parseServer(word string) (string, error) {
	host, port, err := net.SplitHostPort(word)
	if err != nil {
		host, port = word, dnsPort
		if strings.HasPrefix(word, "[") && strings.HasSuffix(word, "]") {
			host = word[1 : len(word)-1]
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("a port is a number from 1 to 65535")
	}
	_, err = netip.ParseAddr(host)
	if err != nil && (host == "" || strings.ContainsAny(host, ":/@[] \t")) {
		return "", errors.New("malformed host")
	}
	return net.JoinHostPort(host, port), nil
}

// hostNames returns the names of the host with this address, by its PTR records, each once. They
// are in lower case and without the final dot: case means nothing in the DNS (RFC 4343), but
// would make two racks. They are sorted, since servers rotate them from reply to reply. No name
// is smdb.ErrNotFound, and a malformed one is smdb.ErrInvalid.
func (r *resolver) hostNames(ctx context.Context, ip netip.Addr) ([]string, error) {
	reverse, err := dns.ReverseAddr(ip.String())
	if err != nil {
		return nil, err
	}
	records, err := r.lookup(ctx, reverse, dns.TypePTR)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, record := range records {
		ptr, ok := record.(*dns.PTR)
		if !ok {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(ptr.Ptr, "."))
		// A backslash begins the escape of a byte that no host's name has.
		if name == "" || strings.Contains(name, `\`) {
			return nil, fmt.Errorf("%w: %s has %q for a name", smdb.ErrInvalid, reverse, name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

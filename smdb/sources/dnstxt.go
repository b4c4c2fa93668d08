package sources

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// DNSTXTSettings say which TXT records hold the hosts' locations.
type DNSTXTSettings struct {
	DNSTXTName string `envconfig:"DNS_TXT_NAME" default:"{reverse}" desc:"DNS name whose TXT record is the host's path, dc1/r17, or rack=dc1/FA 12 if it holds blanks; {reverse} in it is 17.4.1.10.in-addr.arpa, or 17.4.1.10 before a domain as in {reverse}.racks.example, and {ip} is 10-1-4-17 or 2001-db8--17"`
}

func (s *Settings) openDNSTXT(_ smdb.Env) (smdb.Source, error) {
	name := txtName(strings.TrimSuffix(s.DNSTXTName, "."))
	resolver, err := newResolver(s.DNSSettings)
	return &dnsTXT{resolver: resolver, name: name}, errors.Join(settingError("DNS_TXT_NAME", name.check()), err)
}

// dnsTXT is the source that reads a TXT record of the host's address. It does not ask for the
// hostname.
type dnsTXT struct {
	resolver *resolver
	name     txtName
}

// Locate implements smdb.Source.
func (d *dnsTXT) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	name, err := d.name.of(ip)
	if err != nil {
		return tracker.Place{}, err
	}
	records, err := d.resolver.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return tracker.Place{}, err
	}
	location, err := parseTXT(textsOf(records))
	if err != nil {
		return tracker.Place{}, fmt.Errorf("TXT of %s: %w", name, err)
	}
	return tracker.Place{Location: location}, nil
}

// textsOf returns the text of each record. One of more than 255 bytes is several strings, which
// are joined without a blank (RFC 7208, 3.3).
func textsOf(records []dns.RR) []string {
	var texts []string
	for _, record := range records {
		if txt, ok := record.(*dns.TXT); ok {
			texts = append(texts, plainText(strings.Join(txt.Txt, "")))
		}
	}
	return texts
}

// plainText undoes the library's escapes, which are those of zone files: \DDD is a byte, and any
// other \X is X (RFC 1035, 5.1).
func plainText(text string) string {
	var plain []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			if code, err := strconv.ParseUint(text[i:min(i+3, len(text))], 10, 8); err == nil && i+3 <= len(text) {
				plain = append(plain, byte(code))
				i += 2
				continue
			}
		}
		plain = append(plain, text[i])
	}
	return string(plain)
}

// rackKey is what stands before a location (RFC 1464).
var rackKey = regexp.MustCompile(`(?i)\brack\s*=`)

// parseTXT finds the location among all texts of a name. The texts that begin with "rack=", in
// any case (RFC 1464), hold it; if there are none, those of a single word without "=" do. Texts
// with another key, such as SPF's, are ignored: nothing but these is smdb.ErrNotFound. Any other
// text may be meant as a location: that is smdb.ErrInvalid, like a malformed location, or several.
func parseTXT(texts []string) (tracker.Location, error) {
	var named, plain, unreadable []string
	for _, text := range texts {
		text = plainName(text)
		at := rackKey.FindStringIndex(text)
		switch {
		case at != nil && at[0] == 0 && !rackKey.MatchString(text[at[1]:]):
			named = append(named, text[at[1]:])
		case at != nil:
			return "", fmt.Errorf("%w: %.80q: a location is written rack=… and nothing else", smdb.ErrInvalid, text)
		case strings.Contains(text, "="):
		case text == "", strings.ContainsAny(text, " \t"):
			unreadable = append(unreadable, text)
		default:
			plain = append(plain, text)
		}
	}
	switch {
	case len(named) > 0:
		return parseTXTValues(named)
	case len(plain) > 0:
		return parseTXTValues(plain)
	case len(unreadable) > 0:
		return "", fmt.Errorf("%w: %.80q: a location with blanks is written rack=…", smdb.ErrInvalid, slices.Min(unreadable))
	}
	return "", smdb.ErrNotFound
}

// plainName drops blanks around the text, and the dot that ends a name in a zone file.
func plainName(text string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "."))
}

// parseTXTValues reads locations that must all be the same.
func parseTXTValues(values []string) (tracker.Location, error) {
	slices.Sort(values) // servers rotate the records
	places := make([]tracker.Place, len(values))
	for i, value := range values {
		location, err := tracker.ParseLocation(value)
		if err != nil {
			return "", fmt.Errorf("%w: %w", smdb.ErrInvalid, err)
		}
		places[i].Location = location
	}
	place, err := onePlace(places...)
	if err != nil {
		return "", fmt.Errorf("%w: %w", smdb.ErrInvalid, err)
	}
	return place.Location, nil
}

// txtName is DNS_TXT_NAME, without a final dot.
type txtName string

// of returns the name for one host. Before a domain the reverse name loses its in-addr.arpa or
// ip6.arpa, as in all lists of addresses (RFC 5782, 2.1).
func (n txtName) of(ip netip.Addr) (string, error) {
	reverse, err := dns.ReverseAddr(ip.String())
	if err != nil {
		return "", err
	}
	reverse = strings.TrimSuffix(reverse, ".")
	if !strings.HasSuffix(string(n), "{reverse}") {
		reverse = strings.TrimSuffix(strings.TrimSuffix(reverse, ".in-addr.arpa"), ".ip6.arpa")
	}
	label := strings.NewReplacer(".", "-", ":", "-").Replace(ip.String())
	return strings.NewReplacer("{reverse}", reverse, "{ip}", label).Replace(string(n)), nil
}

// maxDNSName is how many bytes a name may have, written without the final dot: 255 with a length
// before each label and the root's (RFC 1035, 2.3.4).
const maxDNSName = 253

// longestIP has the longest names.
var longestIP = netip.MustParseAddr("2001:1111:1111:1111:1111:1111:1111:1111")

func (n txtName) check() error {
	if !strings.Contains(string(n), "{reverse}") && !strings.Contains(string(n), "{ip}") {
		return fmt.Errorf("must hold {reverse} or {ip}, or all hosts have the same, not %q", string(n))
	}
	name, err := n.of(longestIP)
	if err != nil {
		return err
	}
	if strings.ContainsFunc(name, notInDNSName) {
		return fmt.Errorf("may hold letters, digits and .-_ besides {reverse} and {ip}, not %q", string(n))
	}
	if _, ok := dns.IsDomainName(name); !ok || len(name) > maxDNSName {
		return fmt.Errorf("must be labels of 1 to 63 bytes, and %d bytes at most, also with an IPv6 address in it", maxDNSName)
	}
	return nil
}

func notInDNSName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("._-", r)
}

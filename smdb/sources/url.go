package sources

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// addressMark stands in a URL where the host's address goes.
const addressMark = "{ip}"

// URL is a setting: an absolute http or https URL, or empty. It may hold {ip} and a password.
type URL string

// Decode never repeats the URL in its error, for the password's sake.
func (u *URL) Decode(text string) error {
	*u = URL(text)
	if text == "" {
		return nil
	}
	_, err := parseURL(text)
	return err
}

// ofSource reads the URL, without which the source cannot be opened.
func (u URL) ofSource(name string) (*url.URL, error) {
	if u == "" {
		return nil, errors.New("must be set, since LOCATION names " + name)
	}
	return parseURL(string(u))
}

func (u URL) hasAddress() bool { return strings.Contains(string(u), addressMark) }

// Secret says whether the URL holds a user's name or password, or a query, which may hold a key.
func (u URL) Secret() bool {
	parsed, err := url.Parse(string(u))
	if err != nil {
		return false
	}
	values, err := url.ParseQuery(parsed.RawQuery)
	for _, list := range values {
		for _, value := range list {
			if value != addressMark {
				return true
			}
		}
	}
	return parsed.User != nil || err != nil
}

// String hides what makes the URL secret.
func (u URL) String() string {
	if !u.Secret() {
		return string(u)
	}
	parsed, err := url.Parse(string(u))
	if err != nil {
		return ""
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = "xxxxx"
	}
	return parsed.Redacted()
}

// parseURL reads the URL of a service: an absolute http or https URL without fragment, and with
// a query only if {ip} says where the host's address goes. Its errors do not repeat it, since it
// may hold a password.
func parseURL(text string) (*url.URL, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("cannot be read as a URL")
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "" {
		return nil, errors.New("must start with http:// or https:// and a host")
	}
	if parsed.Fragment != "" {
		return nil, errors.New("may not hold a fragment")
	}
	if strings.ContainsAny(strings.ReplaceAll(text, addressMark, ""), "{}") {
		return nil, errors.New("only {ip} may stand in braces")
	}
	if (parsed.RawQuery != "" || parsed.ForceQuery) && !strings.Contains(text, addressMark) {
		return nil, errors.New("may hold a query only with {ip} for the host's address")
	}
	return parsed, nil
}

// withAddress returns the URL with ip in place of each {ip}. The colons of an IPv6 address may
// stand in a path as they are (RFC 3986, 3.3).
func withAddress(template *url.URL, ip netip.Addr) string {
	filled := *template
	filled.Path = strings.ReplaceAll(filled.Path, addressMark, ip.String())
	filled.RawPath = strings.ReplaceAll(filled.RawPath, addressMark, ip.String())
	filled.RawQuery = strings.ReplaceAll(filled.RawQuery, addressMark, url.QueryEscape(ip.String()))
	return filled.String()
}

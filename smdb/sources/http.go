package smdb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// HTTPSettings say how to ask a service that answers in JSON of any shape.
type HTTPSettings struct {
	HTTPURL          URL    `envconfig:"HTTP_URL" desc:"URL of a service that knows where hosts stand and answers in JSON; {ip} in it is the host's address"`
	HTTPPath         string `envconfig:"HTTP_PATH" desc:"where in its answer the rack is, or the path of groups like dc1/r17: host.rack, or a JSONPath (RFC 9535); or several, separated by commas, of a group each, outermost first"`
	HTTPHostnamePath string `envconfig:"HTTP_HOSTNAME_PATH" desc:"where in its answer the host's name is, likewise; empty means that nobody needs it"`
	HTTPToken        string `envconfig:"HTTP_TOKEN" secret:"true" desc:"bearer token at the service"`
	HTTPCAFile       string `envconfig:"HTTP_CA_FILE" desc:"PEM file of the certificates that alone may sign the service's; empty means those that the system trusts"`
}

func (s *HTTPSettings) open(env Env) (Source, error) {
	if s.HTTPURL == "" {
		return nil, errors.New("HTTP_URL: must be set, since LOCATION names http")
	}
	address, err := ParseURL(string(s.HTTPURL))
	if err == nil && !strings.Contains(string(s.HTTPURL), addressMark) {
		err = errors.New("must hold {ip}, for the host's address")
	}
	if err != nil {
		return nil, of("HTTP_URL", err)
	}
	places, err := parseJSONPaths(s.HTTPPath)
	if err == nil && len(places) > tracker.MaxGroups {
		err = fmt.Errorf("a path has at most %d groups", tracker.MaxGroups)
	}
	var hostname *jsonPath
	var hostnameErr error
	if s.HTTPHostnamePath != "" {
		hostname, hostnameErr = parseJSONPath(s.HTTPHostnamePath)
	}
	client, clientErr := newHTTPClient("HTTP", address, s.HTTPToken, s.HTTPCAFile, env.Timeout)
	if err := errors.Join(of("HTTP_PATH", err), of("HTTP_HOSTNAME_PATH", hostnameErr), clientErr); err != nil {
		return nil, err
	}
	return &HTTP{address: address, places: places, hostname: hostname, client: client}, nil
}

// HTTP asks any service that answers in JSON.
type HTTP struct {
	address  *url.URL    // with {ip}
	places   []*jsonPath // of the whole path, if there is one; otherwise of a group each
	hostname *jsonPath   // nil if nobody needs it
	client   *httpClient
}

// Locate asks with one GET. The service does not know the host (ErrNotFound) if
// its answer is 404 or 204, or nothing: null, {} or [], as a whole or where it
// would hold the host, as in {"hosts": []} with hosts[0].rack, and it names no
// host either. Any other answer in JSON that does not have the one valid place is
// ErrInvalid: no rack, null for a rack, several racks. Everything else is a
// failure.
func (h *HTTP) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	status, body, err := h.client.get(ctx, withAddress(h.address, ip))
	switch {
	case err != nil:
		return tracker.Place{}, err
	case status == http.StatusNotFound, status == http.StatusNoContent:
		return tracker.Place{}, ErrNotFound
	case status != http.StatusOK:
		return tracker.Place{}, fmt.Errorf("status %d", status)
	}
	return h.parse(body)
}

func (h *HTTP) parse(body []byte) (tracker.Place, error) {
	answer, err := decodeJSON(body)
	if err != nil {
		return tracker.Place{}, err
	}
	name, nameErr := h.name(answer)
	location, err := h.location(answer)
	switch {
	case errors.Is(err, ErrNotFound) && (name != "" || nameErr != nil):
		return tracker.Place{}, fmt.Errorf("%w: it names the host, but not where that is", ErrInvalid)
	case err != nil:
		return tracker.Place{}, err
	case nameErr != nil:
		return tracker.Place{}, fmt.Errorf("%w: %w", ErrInvalid, nameErr)
	}
	return tracker.Place{Location: location, Hostname: name}, nil
}

// location is ErrNotFound only if there is nothing for any of its groups.
func (h *HTTP) location(answer any) (tracker.Location, error) {
	var groups []string
	var missing []*jsonPath
	for _, path := range h.places {
		values, err := path.all(answer)
		if errors.Is(err, ErrNotFound) {
			missing = append(missing, path)
			continue
		}
		var group tracker.Location
		if err == nil {
			group, err = h.parsePlace(values)
		}
		if err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrInvalid, path, err)
		}
		groups = append(groups, string(group))
	}
	switch {
	case len(groups) == 0:
		return "", ErrNotFound
	case len(missing) > 0:
		return "", fmt.Errorf("%w: %s: %w", ErrInvalid, missing[0], errNoValue)
	}
	return tracker.ReadLocation(strings.Join(groups, "/"))
}

// parsePlace reads what stands at one of the places: values that all mean the same.
func (h *HTTP) parsePlace(values []any) (tracker.Location, error) {
	parse := parseGroup
	if len(h.places) == 1 {
		parse = parsePath
	}
	places := make([]tracker.Place, len(values))
	for i, value := range values {
		var err error
		if places[i].Location, err = parse(value); err != nil {
			return "", err
		}
	}
	place, err := onePlace(places...)
	return place.Location, err
}

// name reads the host's name, which may be missing; of several it is the first.
func (h *HTTP) name(answer any) (string, error) {
	if h.hostname == nil {
		return "", nil
	}
	values, _ := h.hostname.all(answer) // none if it is not there
	first := ""
	for _, value := range values {
		name, isString := value.(string)
		if !isString && value != nil {
			return "", fmt.Errorf("%s: a host's name is a string", h.hostname)
		}
		if err := checkHostname(name); err != nil {
			return "", err
		}
		first = firstName(first, name)
	}
	return first, nil
}

// Close ends the connections that are idle.
func (h *HTTP) Close() error {
	h.client.close()
	return nil
}

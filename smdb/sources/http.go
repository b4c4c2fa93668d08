package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// HTTPSettings say how to ask a service that answers in JSON of any shape.
type HTTPSettings struct {
	HTTPURL          URL    `envconfig:"HTTP_URL" desc:"URL, with {ip} for the host's address, of a service that answers in JSON where the host stands"`
	HTTPPath         string `envconfig:"HTTP_PATH" desc:"where the answer has the rack, or the path like dc1/r17: host.rack or any JSONPath (RFC 9535); several, separated by commas, name a group each, outermost first"`
	HTTPHostnamePath string `envconfig:"HTTP_HOSTNAME_PATH" desc:"where the answer has the host's name, written as in HTTP_PATH; empty means no name"`
	HTTPToken        string `envconfig:"HTTP_TOKEN" secret:"true" desc:"bearer token that is sent to the service of HTTP_URL"`
	HTTPCAFile       string `envconfig:"HTTP_CA_FILE" desc:"PEM file of the only CA certificates that are trusted for HTTP_URL; empty means the system's"`
}

func (s *HTTPSettings) openHTTP(env smdb.Env) (smdb.Source, error) {
	address, err := s.HTTPURL.ofSource("http")
	if err == nil && !s.HTTPURL.hasAddress() {
		err = errors.New("must hold {ip}, for the host's address")
	}
	if err != nil {
		return nil, settingError("HTTP_URL", err)
	}
	location, err := parseJSONPaths(s.HTTPPath)
	if err == nil && len(location) > tracker.MaxGroups {
		err = fmt.Errorf("a path has at most %d groups", tracker.MaxGroups)
	}
	var hostname *jsonPath
	var hostnameErr error
	if s.HTTPHostnamePath != "" {
		hostname, hostnameErr = parseJSONPath(s.HTTPHostnamePath)
	}
	client, clientErr := newHTTPClient("HTTP", address, s.HTTPToken, s.HTTPCAFile, env.Timeout)
	return &httpSource{httpClient: client, paths: location, hostname: hostname},
		errors.Join(settingError("HTTP_PATH", err), settingError("HTTP_HOSTNAME_PATH", hostnameErr), clientErr)
}

// httpSource asks any service that answers in JSON.
type httpSource struct {
	*httpClient
	paths    []*jsonPath // of the whole location, if there is one; otherwise of a group each
	hostname *jsonPath   // nil if nobody needs it
}

// Locate implements smdb.Source. The service does not know the host (smdb.ErrNotFound) if its
// answer is 404 or 204, or nothing: null, {} or [], as a whole or where it would hold the host,
// as in {"hosts": []} with hosts[0].rack, and it names no host either. Any other answer in JSON
// without one valid place is smdb.ErrInvalid: no rack, null for a rack, several racks.
// Everything else is a failure.
func (h *httpSource) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	body, err := h.get(ctx, ip, http.StatusNotFound, http.StatusNoContent)
	if err != nil {
		return tracker.Place{}, err
	}
	return h.parse(body)
}

func (h *httpSource) parse(body []byte) (tracker.Place, error) {
	answer, err := decodeJSON(body)
	if err != nil {
		return tracker.Place{}, err
	}
	name, nameErr := h.name(answer)
	location, err := h.location(answer)
	switch {
	case errors.Is(err, smdb.ErrNotFound) && (name != "" || nameErr != nil):
		return tracker.Place{}, fmt.Errorf("%w: it names the host, but not where that is", smdb.ErrInvalid)
	case err != nil:
		return tracker.Place{}, err
	case nameErr != nil:
		return tracker.Place{}, fmt.Errorf("%w: %w", smdb.ErrInvalid, nameErr)
	}
	return tracker.Place{Location: location, Hostname: name}, nil
}

// location is smdb.ErrNotFound only if there is nothing for any of its groups.
func (h *httpSource) location(answer any) (tracker.Location, error) {
	var groups []string
	var missing []*jsonPath
	for _, path := range h.paths {
		values, err := path.all(answer)
		if errors.Is(err, smdb.ErrNotFound) {
			missing = append(missing, path)
			continue
		}
		var group tracker.Location
		if err == nil {
			group, err = h.parseValues(values)
		}
		if err != nil {
			return "", fmt.Errorf("%w: %s: %w", smdb.ErrInvalid, path, err)
		}
		groups = append(groups, string(group))
	}
	switch {
	case len(groups) == 0:
		return "", smdb.ErrNotFound
	case len(missing) > 0:
		return "", fmt.Errorf("%w: %s: %w", smdb.ErrInvalid, missing[0], errNoValue)
	}
	return tracker.ReadLocation(strings.Join(groups, "/"))
}

// parseValues reads the values that one of the paths selects, which must all mean the same.
func (h *httpSource) parseValues(values []any) (tracker.Location, error) {
	parse := parseGroup
	if len(h.paths) == 1 {
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

// name reads the host's name, which may be missing. Of several it is the first in the alphabet.
func (h *httpSource) name(answer any) (string, error) {
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

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

// SMDBSettings say where the server-management database is, and what of its
// records makes a rack.
type SMDBSettings struct { //nolint:revive // it is called as its source is
	SMDBURL    URL    `envconfig:"SMDB_URL" desc:"URL of the server-management database (SMDB); /servers/ipaddresses/IP is appended, unless {ip} in it says where the host's address goes"`
	SMDBFields string `envconfig:"SMDB_FIELDS" default:"cabinet" desc:"one to four fields of a host's record in the SMDB that make its path of groups, outermost first, separated by commas, like datacenter,row,cabinet"`
	SMDBToken  string `envconfig:"SMDB_TOKEN" secret:"true" desc:"bearer token at the SMDB"`
	SMDBCAFile string `envconfig:"SMDB_CA_FILE" desc:"PEM file of the certificates that alone may sign the SMDB's; empty means those that the system trusts"`
}

func (s *SMDBSettings) open(env Env) (Source, error) {
	if s.SMDBURL == "" {
		return nil, errors.New("SMDB_URL: must be set, since LOCATION names smdb")
	}
	base, err := ParseURL(string(s.SMDBURL))
	if err != nil {
		return nil, of("SMDB_URL", err)
	}
	fields, err := parseFields(s.SMDBFields)
	client, clientErr := newHTTPClient("SMDB", base, s.SMDBToken, s.SMDBCAFile, env.Timeout)
	if err := errors.Join(of("SMDB_FIELDS", err), clientErr); err != nil {
		return nil, err
	}
	if !strings.Contains(string(s.SMDBURL), addressMark) {
		base = base.JoinPath("servers", "ipaddresses", addressMark)
	}
	return &REST{address: base, fields: fields, client: client}, nil
}

// parseFields reads SMDB_FIELDS.
func parseFields(text string) ([]string, error) {
	var fields []string
	seen := make(map[string]bool)
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return nil, errors.New("a field must have a name")
		case seen[name]:
			return nil, fmt.Errorf("%s is named twice", name)
		}
		seen[name] = true
		fields = append(fields, name)
	}
	if len(fields) > tracker.MaxGroups {
		return nil, fmt.Errorf("a path has at most %d groups", tracker.MaxGroups)
	}
	return fields, nil
}

// REST asks the older tracker's server-management database over HTTP.
type REST struct {
	address *url.URL // with {ip}
	fields  []string // of a record, that make the path
	client  *httpClient
}

// Locate asks with one GET. A 404 is ErrNotFound; see parseAnswer for a 200.
func (r *REST) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	status, body, err := r.client.get(ctx, withAddress(r.address, ip))
	switch {
	case err != nil:
		return tracker.Place{}, err
	case status == http.StatusNotFound:
		return tracker.Place{}, ErrNotFound
	case status != http.StatusOK:
		return tracker.Place{}, fmt.Errorf("status %d", status)
	}
	return parseAnswer(body, r.fields)
}

// Close ends the connections that are idle.
func (r *REST) Close() error {
	r.client.close()
	return nil
}

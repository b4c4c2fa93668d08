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

// SMDBSettings say where the server-management database is, and which fields of its records
// make a rack.
type SMDBSettings struct {
	SMDBURL    URL    `envconfig:"SMDB_URL" desc:"URL of the server-management database (SMDB); {ip} in it is the host's address, and without {ip} the tracker appends /servers/ipaddresses/IP"`
	SMDBFields string `envconfig:"SMDB_FIELDS" default:"cabinet" desc:"one to four fields of a host's SMDB record that make its path, outermost first, separated by commas, like datacenter,row,cabinet"`
	SMDBToken  string `envconfig:"SMDB_TOKEN" secret:"true" desc:"bearer token that is sent to the SMDB"`
	SMDBCAFile string `envconfig:"SMDB_CA_FILE" desc:"PEM file of the only CA certificates that are trusted for the SMDB; empty means the system's"`
}

func (s *SMDBSettings) openSMDB(env smdb.Env) (smdb.Source, error) {
	address, err := s.SMDBURL.ofSource("smdb")
	if err != nil {
		return nil, settingError("SMDB_URL", err)
	}
	if !s.SMDBURL.hasAddress() {
		address = address.JoinPath("servers", "ipaddresses", addressMark)
	}
	fields, err := parseFields(s.SMDBFields)
	client, clientErr := newHTTPClient("SMDB", address, s.SMDBToken, s.SMDBCAFile, env.Timeout)
	return &restSource{httpClient: client, fields: fields}, errors.Join(settingError("SMDB_FIELDS", err), clientErr)
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

// restSource asks the older tracker's server-management database.
type restSource struct {
	*httpClient
	fields []string // of a record, that make the path
}

// Locate implements smdb.Source. A 404 is smdb.ErrNotFound; see parseAnswer for a 200.
func (r *restSource) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	body, err := r.get(ctx, ip, http.StatusNotFound)
	if err != nil {
		return tracker.Place{}, err
	}
	return parseAnswer(body, r.fields)
}

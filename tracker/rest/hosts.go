package rest

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	errState   = tracker.ClientError("state is seeding, downloading, paused, done or left")
	errAddress = tracker.ClientError("address is that of the host to drop: ip:port, [v6]:port, or an ip for all hosts seen there")
)

var errNoHost = fault{http.StatusNotFound, "not_found", "this transfer has seen no host at this address"}

// hostList is the reply of /transfers/hosts/HASH.json.
type hostList struct {
	Hosts  []host `json:"hosts"`
	Cursor string `json:"cursor,omitempty"` // for ?cursor of the next page, if there is more
}

// host is one of a transfer's.
type host struct {
	Address  string            `json:"address"` // "ip:port"
	Hostname string            `json:"hostname,omitempty"`
	Rack     tracker.Location  `json:"rack"`
	State    tracker.HostState `json:"state"`
	Left     *uint64           `json:"left"` // bytes; null: it does not say
	Seeded   bool              `json:"seeded"`
}

// listHosts writes a page of the hosts seen, with what became of each; with ?state those of one state.
func (s *server) listHosts(w http.ResponseWriter, r *http.Request, digits string) error {
	hash, ask, err := parseList(r, digits)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	state := tracker.HostState(query.Get("state"))
	if query.Has("state") && !slices.Contains(tracker.HostStates, state) {
		return errState
	}
	page, err := s.store.Hosts(r.Context(), hash, ask.rack, ask.cursor, ask.limit)
	if err != nil {
		return fmt.Errorf("hosts of %s: %w", hash, err)
	}
	reply := hostList{Hosts: []host{}, Cursor: page.Next}
	for _, h := range page.Hosts {
		if state != "" && h.State != state {
			continue
		}
		shown := host{Address: h.Addr, Hostname: h.Hostname, Rack: h.Location, State: h.State, Seeded: h.Seeded}
		if h.Left != tracker.LeftUnknown {
			shown.Left = &h.Left
		}
		reply.Hosts = append(reply.Hosts, shown)
	}
	return writeJSON(w, http.StatusOK, reply)
}

// dropHost forgets a host that left and will not come back, so that a transfer can be complete without it.
func (s *server) dropHost(w http.ResponseWriter, r *http.Request, digits string) error {
	hash, err := tracker.ParseInfoHash(digits)
	if err != nil {
		return err
	}
	at, err := parseHost(r.URL.Query().Get("address"))
	if err != nil {
		return err
	}
	dropped, err := s.store.Drop(r.Context(), hash, at)
	if err != nil {
		return fmt.Errorf("drop %s of %s: %w", at, hash, err)
	}
	if len(dropped) == 0 {
		return errNoHost
	}
	s.log.Info("host dropped", "transfer", hash, "hosts", dropped, "client", tracker.ClientName(r.RemoteAddr))
	return writeJSON(w, http.StatusOK, map[string][]string{"dropped": dropped})
}

// parseHost reads ip:port, or an ip, whose port is 0 then.
func parseHost(text string) (netip.AddrPort, error) {
	at, err := tracker.ParseEndpoint(text)
	if err != nil {
		return at, errAddress
	}
	return at, nil
}

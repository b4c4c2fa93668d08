package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// handler answers a request. Arg is what stands in the path for its route's
// star. If it returns an error it has written nothing.
type handler func(w http.ResponseWriter, r *http.Request, arg string) error

// endpoint is what answers a method of a path.
type endpoint struct {
	handle handler
	knows  string // query parameters, parted by blanks; any other one is refused
}

// methods are the endpoints of one path.
type methods map[string]endpoint

// route is a path with at most one star, which stands for a part without
// slashes, and its methods.
type route struct {
	pattern string
	methods methods
}

// listKnows are the query parameters of the lists.
const (
	pageKnows = "cursor limit"
	listKnows = pageKnows + " rack"
)

// allRoutes names the limiter of each endpoint. One without a limiter asks nothing of the store, or
// tells whether it can be asked.
func (s *server) allRoutes() []route {
	read, change := s.reads.limit, s.changes.limit
	list := func(word string, set tracker.Set) route {
		return route{"/transfers/" + word + "/*.json", methods{
			http.MethodGet: {read(s.listMembers(word, set)), listKnows},
		}}
	}
	return []route{
		{"", methods{http.MethodGet: {s.getIndex, ""}}},
		{"/favicon.ico", methods{http.MethodGet: {s.getIcon, ""}}},
		{"/robots.txt", methods{http.MethodGet: {s.getRobots, ""}}},
		{"/torrents", methods{http.MethodGet: {read(s.listTorrents), pageKnows}}},
		{"/torrents/*" + suffix, methods{
			http.MethodGet:    {s.downloads.limit(s.getTorrent), ""},
			http.MethodPost:   {change(s.addTorrent), ""},
			http.MethodDelete: {change(s.removeTorrent), ""},
		}},
		{"/transfers", methods{
			http.MethodGet:    {read(s.listTransfers), pageKnows},
			http.MethodDelete: {change(s.deactivateAll), "stop"},
		}},
		{"/transfers/*.json", methods{
			http.MethodGet:    {read(s.getStatistics), "rack racks " + pageKnows},
			http.MethodDelete: {change(s.deactivate), "stop"},
		}},
		{"/transfers/peers/*.json", methods{
			http.MethodGet:    {read(s.listMembers("peers", tracker.SetPeers)), listKnows},
			http.MethodDelete: {change(s.dropHost), "address"},
		}},
		{"/transfers/hosts/*.json", methods{http.MethodGet: {read(s.listHosts), listKnows + " state"}}},
		list("seeders", tracker.SetSeeders),
		list("leechers", tracker.SetLeechers),
		list("representants", tracker.SetRepresentatives),
		list("representatives", tracker.SetRepresentatives),
		list("racks", tracker.SetRacks),
		{"/locations/refresh", methods{http.MethodPost: {change(s.refreshLocations), ""}}},
		{"/scrape/*.json", methods{http.MethodGet: {read(s.scrape), ""}}},
		{"/healthz", methods{http.MethodGet: {s.healthz, ""}}},
		{"/readyz", methods{http.MethodGet: {s.readyz, ""}}},
	}
}

// find returns the methods of a path, with or without a slash at its end, and
// what stands in it for the star.
func (s *server) find(path string) (m methods, arg string, found bool) {
	path = strings.TrimSuffix(path, "/")
	for _, route := range s.routes {
		if arg, ok := match(route.pattern, path); ok {
			return route.methods, arg, true
		}
	}
	return nil, "", false
}

func match(pattern, path string) (arg string, ok bool) {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return "", path == pattern
	}
	if arg, ok = strings.CutPrefix(path, before); !ok {
		return "", false
	}
	if arg, ok = strings.CutSuffix(arg, after); !ok || strings.Contains(arg, "/") {
		return "", false
	}
	return arg, true
}

// of returns the endpoint of a method. HEAD is a GET whose body net/http drops.
func (m methods) of(method string) (endpoint, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e, ok := m[method]
	return e, ok
}

// allow is the header of the same name.
func (m methods) allow() string {
	names := slices.Collect(maps.Keys(m))
	if _, ok := m[http.MethodGet]; ok {
		names = append(names, http.MethodHead)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

package main

import (
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/smdb/sources"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
	"github.com/p2ptracker/p2ptracker/tracker/clientaddr"
	"github.com/p2ptracker/p2ptracker/tracker/probe"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
	"github.com/p2ptracker/p2ptracker/tracker/rest"
)

// Bounds that no operator has to set.
const (
	redisTimeout = 3 * time.Second  // of a connection attempt, and of a Redis that does not answer
	restTimeout  = 30 * time.Second // of a REST request; an archive it cannot finish goes on later

	storeCalls = 256 // at once, of announces and scrapes; more are not answered sooner

	locationFailureTTL = 5 * time.Second // a host is not asked for again so soon after a failure; clients come back after 10 s
	locationRecall     = time.Second     // how long a lookup waits for Redis; in a storm the last of 10,000 waits that long for its recall
	locationCacheSize  = 500_000         // hosts
)

// openStore returns the store, which connects in the background, and what ends it.
func openStore(c *Config, registerer prometheus.Registerer, log *slog.Logger) (*redisstore.Store, func(), error) {
	opts := redisstore.Options{
		Addr:       net.JoinHostPort(string(c.RedisHost), strconv.Itoa(c.RedisPort)),
		Username:   c.RedisUsername,
		Password:   c.RedisPassword,
		DB:         c.RedisDB,
		Timeout:    redisTimeout,
		ArchiveTTL: c.ArchiveTTL.duration(),
		PeerTTL:    c.PeerTTL.duration(),
		Metrics:    registerer,
	}
	if c.RedisHost != "" {
		store := redisstore.Open(opts, log)
		return store, store.Close, nil
	}
	embedded, err := redisstore.StartEmbedded()
	if err != nil {
		return nil, nil, err
	}
	log.Warn("EMBEDDED STORE: REDISHOST is not set, so NOTHING OUTLIVES THIS PROCESS and no other frontend sees it")
	opts.Addr, opts.Password, opts.Single = embedded.Addr(), embedded.Password(), true
	store := redisstore.Open(opts, log)
	return store, func() { store.Close(); embedded.Close() }, nil
}

// mustBeAlike are the settings that all frontends must have alike.
func mustBeAlike(c *Config, chain *smdb.Chain) []redisstore.Setting {
	return []redisstore.Setting{
		{Name: "MAX_REPR_RACK", Value: strconv.Itoa(c.MaxReprRack), Breaks: "racks have as many representatives as the largest value allows"},
		{Name: "REPR_SCOPE", Value: c.ReprScope.String(), Breaks: "representatives without a lease are not counted over all transfers"},
		{Name: "PEER_TTL", Value: c.PeerTTL.String(), Breaks: "hosts that are live by one frontend are gone by another"},
		{Name: "LOCATION", Value: chain.Digest(), Breaks: "a host may be in two racks; the values are digests of LOCATION and the sources' settings"},
	}
}

// openChain opens the sources that LOCATION names. Its error names what is known to be wrong with
// the settings, and what the sources find wrong with theirs. Without a registerer, nothing is
// counted.
func openChain(c *Config, wrong faults, registerer prometheus.Registerer, log *slog.Logger) (*smdb.Chain, error) {
	if wrong.noSources {
		return nil, wrong.err()
	}
	env := smdb.Env{Timeout: c.LocationTimeout.duration(), Log: log, Metrics: registerer}
	chain, err := sources.Open(c.Location, &c.Settings, env)
	wrong.add(err)
	if err := wrong.err(); err != nil {
		if chain != nil {
			chain.Close()
		}
		return nil, err
	}
	return chain, nil
}

// newLocator returns the chain behind a cache.
func newLocator(
	c *Config, chain *smdb.Chain, store *redisstore.Store, registerer prometheus.Registerer, log *slog.Logger,
) *smdb.Cache {
	maxStale := c.LocationMaxStale.duration()
	return smdb.NewCache(chain, store.Locations(maxStale), smdb.CacheOptions{
		TTL:         c.LocationTTL.duration(),
		MaxStale:    maxStale,
		NegativeTTL: c.LocationNegativeTTL.duration(),
		FailureTTL:  locationFailureTTL,
		Recall:      locationRecall,
		Size:        locationCacheSize,
		Metrics:     registerer,
	}, log)
}

// newTracker returns the Tracker, and what ends it.
func newTracker(
	c *Config, store *redisstore.Store, locator tracker.Locator, registerer prometheus.Registerer, log *slog.Logger,
) (*tracker.Tracker, func()) {
	rules := tracker.Rules{
		MaxReprRack:   c.MaxReprRack,
		OutsidePeers:  c.OutsidePeers,
		ReprScope:     c.ReprScope,
		MaxPeers:      c.MaxPeers,
		PeerTTL:       c.PeerTTL.duration(),
		ProbeInterval: c.ReprProbeInterval.duration(),
		AutoRegister:  c.AutoRegister,

		AutoRegisterMax: c.AutoRegisterMax,
		HostsPerAddress: c.HostsPerAddress,
	}
	prober := probe.New(store, rules, registerer, log)
	intervals := tracker.Intervals{Active: c.ActiveInterval.duration(), Passive: c.PassiveInterval.duration()}
	return tracker.New(tracker.Limit(store, storeCalls), locator, prober, rules, intervals), prober.Close
}

// newHandler joins announces, scrapes, REST and the counters into one handler. The announces and
// scrapes in it are clients'.
func newHandler(
	c *Config, store *redisstore.Store, t *tracker.Tracker, cache *smdb.Cache, registry *prometheus.Registry, log *slog.Logger,
) (handler http.Handler, clients *bthttp.Server) {
	opts := bthttp.Options{
		TrustIPParam: c.TrustIPParam,
		Timeout:      c.AnnounceTimeout.duration(),
		ScrapeAll:    c.ScrapeAll,
		MaxPending:   c.MaxPending,
		Metrics:      registry,
	}
	people := rest.New(store.Aside(), cache, rest.Options{
		AdminToken:      c.AdminToken,
		ProxyPass:       c.ProxyPass,
		TorrentMaxBytes: int64(c.TorrentMaxBytes),
		RequirePrivate:  c.RequirePrivate,
		Timeout:         restTimeout,
	}, log)
	if c.ProxyPass {
		proxies := clientaddr.New(c.TrustedProxies, log)
		opts.ClientOf = proxies.ClientOf
		people = behindProxies(people, proxies)
	}
	clients = bthttp.New(t, opts, log)
	return route(clients, people, newMetricsHandler(registry)), clients
}

// behindProxies refuses people whose address is not known. Health checks come from anywhere.
func behindProxies(people http.Handler, proxies *clientaddr.Proxies) http.Handler {
	known := proxies.Middleware(people, rest.Refuse)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimSuffix(r.URL.Path, "/") {
		case "/healthz", "/readyz":
			people.ServeHTTP(w, r)
		default:
			known.ServeHTTP(w, r)
		}
	})
}

// route parts announces, scrapes and /metrics from everything else, such as /scrape/HASH.json. An
// http.ServeMux would redirect untidy paths, and not every client follows.
func route(clients, people, metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch word, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); {
		case word == "scrape" && strings.HasSuffix(strings.TrimSuffix(rest, "/"), ".json"):
			people.ServeHTTP(w, r)
		case word == "announce", word == "scrape":
			clients.ServeHTTP(w, r)
		case word == "metrics" && rest == "":
			metrics.ServeHTTP(w, r)
		default:
			people.ServeHTTP(w, r)
		}
	})
}

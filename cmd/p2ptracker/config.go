package main

import (
	"github.com/p2ptracker/p2ptracker/smdb/sources"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// Config holds every setting of the program. Each is read from P2PTRACKER_NAME or NAME in the
// environment, or from the config file (see load). The tags are the documentation: desc is the
// meaning and the unit, min and max bound a number, and secret hides the value, or a program's
// arguments.
type Config struct {
	Host    host    `envconfig:"HOST" desc:"address to listen on; empty means all, IPv4 and IPv6"`
	Port    int     `envconfig:"PORT" default:"6969" min:"1" max:"65535" desc:"TCP port for announces, scrapes and REST"`
	UDPPort udpPort `envconfig:"UDP_PORT" desc:"UDP port for announces and scrapes; empty means the number of PORT, 0 none. A client's address is that of its packets, so a proxy must not hide it"`

	RedisHost     host   `envconfig:"REDISHOST" desc:"host of Redis, or of any node of a Redis Cluster; empty means the embedded store, which forgets everything when the program ends"`
	RedisPort     int    `envconfig:"REDISPORT" default:"6379" min:"1" max:"65535" desc:"port of Redis"`
	RedisUsername string `envconfig:"REDIS_USERNAME" desc:"ACL user at Redis; empty means the default user"`
	RedisPassword string `envconfig:"REDIS_PASSWORD" secret:"true" desc:"password at Redis"`
	RedisDB       int    `envconfig:"REDIS_DB" default:"0" min:"0" max:"65535" desc:"number of the Redis database"`

	Location            string  `envconfig:"LOCATION" desc:"location sources to ask, in this order, separated by commas, like file,smdb; empty means smdb if SMDB_URL is set, otherwise subnet"`
	LocationTimeout     seconds `envconfig:"LOCATION_TIMEOUT" default:"2" min:"1" max:"60" desc:"seconds for each of the two tries to ask a remote source; while a source hangs, a larger value makes new hosts wait longer"`
	LocationTTL         seconds `envconfig:"LOCATION_TTL" default:"3600" min:"1" desc:"seconds after which a known location is asked for again, in the background; a larger value costs the sources less, and moved hosts are noticed later"`
	LocationNegativeTTL seconds `envconfig:"LOCATION_NEGATIVE_TTL" default:"10" min:"1" desc:"seconds after which a host that no source knew is asked for again; a larger value costs the sources less, and hosts added to them wait longer"`
	LocationMaxStale    seconds `envconfig:"LOCATION_MAX_STALE" default:"86400" min:"2" desc:"seconds for which a host's last location stays in use while no source confirms it; must be more than LOCATION_TTL"`
	sources.Settings

	MaxReprRack       int               `envconfig:"MAX_REPR_RACK" default:"2" min:"1" max:"100" desc:"hosts of a rack that exchange pieces with other racks; 1 loads its uplink least; with 2 the rack goes on when one of them dies; more load the uplink more"`
	OutsidePeers      int               `envconfig:"OUTSIDE_PEERS" default:"0" min:"0" max:"200" desc:"peers from outside that a representative is handed, of each swarm around it, or a third of the reply if that is more; a larger value leaves fewer of its own rack. 0: as many as hold the swarm together, 10 for up to 148 representatives and 16 for 2500"`
	ReprScope         tracker.ReprScope `envconfig:"REPR_SCOPE" default:"transfer" desc:"what MAX_REPR_RACK bounds: transfer, a rack's representatives in each transfer; rack, those in all transfers together, for two more round trips to Redis when a host becomes one"`
	ReprProbeInterval seconds           `envconfig:"REPR_PROBE_INTERVAL" default:"10" min:"0" max:"3600" desc:"seconds between two TCP connections that try whether a representative is alive; a longer time finds a dead one later, 0 never"`
	MaxPeers          int               `envconfig:"MAXPEERS" default:"30" min:"1" max:"200" desc:"peers in a reply, at most; a larger value costs bytes, and gives clients more to choose from"`
	ActiveInterval    seconds           `envconfig:"ACTIVE_INTERVAL" default:"45" min:"1" desc:"seconds between two announces of a client while its transfer is active; a shorter time costs more announces"`
	PassiveInterval   seconds           `envconfig:"PASSIVE_INTERVAL" default:"300" min:"1" desc:"seconds between two announces of a client while its transfer is not active"`
	PeerTTL           seconds           `envconfig:"PEER_TTL" default:"660" min:"2" desc:"seconds of silence after which a host counts as gone; at least twice ACTIVE_INTERVAL, and more than the 600 for which rtorrent stays silent"`
	AutoRegister      bool              `envconfig:"AUTO_REGISTER" default:"false" desc:"make an unknown info hash an active transfer at its first announce"`
	AutoRegisterMax   int               `envconfig:"AUTO_REGISTER_MAX" default:"1000" min:"1" max:"1000000" desc:"transfers that AUTO_REGISTER makes active, at most; a further one takes the place of one that nobody used for PEER_TTL, or stays inactive"`
	HostsPerAddress   int               `envconfig:"HOSTS_PER_ADDRESS" default:"256" min:"1" max:"65535" desc:"hosts of a transfer at one IP address, at most; a further one is told to come back in 10 to 20 s. Raise it if more clients stand behind one NAT"`
	AnnounceTimeout   seconds           `envconfig:"ANNOUNCE_TIMEOUT" default:"5" min:"1" max:"30" desc:"seconds within which an announce or a scrape is answered"`
	MaxPending        int               `envconfig:"MAX_PENDING" default:"20000" min:"1" max:"1000000" desc:"announces and scrapes pending at a time over HTTP, and as many over UDP; a further one is told at once to come back"`
	ScrapeAll         bool              `envconfig:"SCRAPE_ALL" default:"false" desc:"answer a scrape that names no info hash with every active transfer"`

	AdminToken      string  `envconfig:"ADMIN_TOKEN" secret:"true" desc:"bearer token for requests that change something; empty means that only loopback may"`
	TorrentMaxBytes int     `envconfig:"TORRENT_MAX_BYTES" default:"67108864" min:"1" max:"536870912" desc:"bytes of an uploaded torrent file, at most; the tracker keeps up to twice as many bytes of torrent files in memory, or 64 MiB if that is more"`
	RequirePrivate  bool    `envconfig:"REQUIRE_PRIVATE" default:"false" desc:"refuse torrents that are not private; otherwise the answer warns of them"`
	ArchiveTTL      seconds `envconfig:"ARCHIVE_TTL" default:"2592000" min:"1" desc:"seconds for which a deactivated transfer is kept"`

	ProxyPass      bool     `envconfig:"PROXYPASS" default:"false" desc:"take clients' addresses from X-Forwarded-For: set it behind a proxy, and set ADMIN_TOKEN as well"`
	TrustedProxies networks `envconfig:"TRUSTED_PROXIES" default:"127.0.0.0/8,::1/128" desc:"addresses or networks of the proxies, separated by commas: with PROXYPASS their X-Forwarded-For is believed, and a request from elsewhere that has one is refused"`
	TrustIPParam   networks `envconfig:"TRUST_IP_PARAM" default:"127.0.0.0/8,::1/128" desc:"addresses or networks whose clients may name their address by ip=, ipv4= and ipv6=, separated by commas; such a client can take another host's place, and is not probed"`

	ShutdownTimeout seconds `envconfig:"SHUTDOWN_TIMEOUT" default:"10" min:"0" max:"3600" desc:"seconds a stopping server waits for requests in flight"`
	Debug           bool    `envconfig:"DEBUG" default:"false" desc:"log debug messages"`
	LogFormat       format  `envconfig:"LOG_FORMAT" default:"text" desc:"how log lines are written: text, as name=value, or json, an object a line"`
}

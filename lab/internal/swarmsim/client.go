package swarmsim

// Client is how a BitTorrent client behaves.
type Client struct {
	Name          string
	Connections   int     // at most
	NumWant       int     // peers it asks the tracker for; negative: it does not say
	Floor         float64 // least seconds between two announces, whatever the tracker says
	SaysCompleted bool    // announces at once when it has everything

	Slots            int     // peers it lets fetch by merit
	Optimistic       int     // others that it lets fetch
	Round            float64 // seconds after which it chooses anew
	OptimisticRounds int     // rounds after which it chooses those others anew
	AtOnce           bool    // gives free slots to others between rounds
	Turn             float64 // seconds for which one that has everything lets the same peers fetch
}

// Clients are models of real ones, as far as handouts and uplinks are concerned. Figures are
// their defaults in Debian 12; what they announce was seen on the wire. aria2 and transmission
// choose in rounds only; libtorrent, qBittorrent and rtorrent also fill slots as they get free.
// libtorrent lets all peers fetch whose addresses are private ones, and qBittorrent has that switched off.
var Clients = []Client{
	{
		Name: "aria2", Connections: 55, NumWant: 50, SaysCompleted: true,
		Slots: 3, Optimistic: 1, Round: 10, OptimisticRounds: 3, Turn: 20,
	},
	{
		Name: "libtorrent", Connections: 200, NumWant: 200, Floor: 300, SaysCompleted: true,
		Slots: 200, Optimistic: 0, Round: 15, OptimisticRounds: 2, AtOnce: true, Turn: 60,
	},
	{
		Name: "qbittorrent", Connections: 100, NumWant: 200, Floor: 300, SaysCompleted: true,
		Slots: 3, Optimistic: 1, Round: 15, OptimisticRounds: 2, AtOnce: true, Turn: 60,
	},
	{
		Name: "rtorrent", Connections: 100, NumWant: -1, Floor: 600,
		Slots: 50, Optimistic: 0, Round: 30, OptimisticRounds: 1, AtOnce: true, Turn: 60,
	},
	{
		Name: "transmission", Connections: 50, NumWant: 80, SaysCompleted: true,
		Slots: 14, Optimistic: 1, Round: 10, OptimisticRounds: 4, Turn: 10,
	},
}

// FindClient looks a client up by its name.
func FindClient(name string) (Client, bool) {
	for _, c := range Clients {
		if c.Name == name {
			return c, true
		}
	}
	return Client{}, false
}

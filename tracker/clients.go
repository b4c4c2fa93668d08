package tracker

// Traits are what sets a kind of client apart from the others.
type Traits struct {
	// NoKey: its keys do not tell one host from another.
	NoKey bool
	// IgnoresFailures: it comes back within minutes of any failure, whatever its words and its
	// interval. Only a reply with a long interval keeps it away.
	IgnoresFailures bool
	// SlowNews: a peer that has nothing yet when it connects hears of this client's new pieces every
	// 120 s only, so it keeps a rack waiting that it represents (docs/uplink.md).
	SlowNews bool
}

// clients are the kinds of clients that have traits, by how their peer ids begin (BEP 20). What they do
// was seen on the wire with Debian 12's clients.
var clients = [...]struct {
	prefix string
	Traits
}{
	// aria2 1.36: over HTTP its key is the tail of its peer id, and over UDP another number each
	// time. After a failure it comes back every 120 s.
	{"A2-", Traits{NoKey: true, IgnoresFailures: true}},
	// rtorrent 0.9.8 comes back 5, 10, 20 s and so on after each failure, up to 320 s. It tells
	// peers that fetch nothing of its new pieces with its keep-alives only.
	{"-lt", Traits{IgnoresFailures: true, SlowNews: true}},
	// transmission 3.00 comes back after 20 s, then after 330 s. 4 gives a tracker up.
	{"-TR1", Traits{IgnoresFailures: true}},
	{"-TR2", Traits{IgnoresFailures: true}},
	{"-TR3", Traits{IgnoresFailures: true}},
}

// TraitsOf returns the traits of the client with this peer id.
func TraitsOf(id PeerID) Traits {
	for i := range clients {
		if c := &clients[i]; string(id[:len(c.prefix)]) == c.prefix {
			return c.Traits
		}
	}
	return Traits{}
}

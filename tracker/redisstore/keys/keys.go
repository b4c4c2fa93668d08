// Package keys has the names of all keys of the store. What each holds is told in
// lua/README.md; lua/chapters/names.lua has the same names.
package keys

import (
	"net/netip"
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Global keys: each lies in a slot of its own, so no script touches them.
const (
	Schema             = "p2ptracker"          // string: version of this key model
	Data               = "p2ptracker_data"     // string: names these data, so that others in their place are known
	Lost               = "p2ptracker_lost"     // string: for a while after the data were lost
	Racks              = "racks"               // set: all racks ever seen
	Transfers          = "transfers"           // set: all info hashes seen
	ActiveTransfers    = "active_transfers"    // set: the active ones
	SelfRegistered     = "self_registered"     // sorted set: those that registered themselves, by unix time
	Unregistered       = "unregistered"        // sorted set: those nobody registered, by unix time
	Archiving          = "archiving"           // set: those that are being archived
	Torrents           = "torrents"            // hash: torrent name -> info hash
	Settings           = "settings"            // sorted set: what frontends have set that must be alike, by unix time
	LocationGeneration = "location_generation" // string: how often all locations were forgotten
)

// Leases is a hash: leases of a group, by the host's address and the info hash of
// its transfer. It lies in the group's slot.
func Leases(group tracker.Location) string { return "leases:{" + string(group) + "}" }

// Wanted is a string: the highest wish for one of these leases that was denied; see lease.lua.
func Wanted(group tracker.Location) string { return Leases(group) + ":wanted" }

// Location is a string: what the location sources said last of a host.
func Location(ip netip.Addr) string { return "location:" + ip.String() }

// Secret is a string: what connection ids of an hour (unix time / 3,600) are made with.
func Secret(hour int64) string { return "udp_secret:" + strconv.FormatInt(hour, 10) }

// RackHosts is a set: all hosts (ip) ever seen in a rack.
func RackHosts(rack tracker.Location) string { return "rack:" + string(rack) }

// Transfer makes the names of one transfer's keys. Their common hash tag
// keeps them in one slot.
type Transfer string

// Of returns those of a transfer.
func Of(hash tracker.InfoHash) Transfer {
	return Transfer("{" + hash.String() + "}")
}

// Key is the one of a name, such as "peers:N".
func (k Transfer) Key(name string) string { return string(k) + ":" + name }

// Registered is a string: RFC 3339.
func (k Transfer) Registered() string { return k.Key("registered") }

// Deregistered is a string: RFC 3339.
func (k Transfer) Deregistered() string { return k.Key("deregistered") }

// Closed is a string: RFC 3339, perhaps " stop".
func (k Transfer) Closed() string { return k.Key("closed") }

// Name is a string.
func (k Transfer) Name() string { return k.Key("name") }

// Length is a string: bytes.
func (k Transfer) Length() string { return k.Key("length") }

// Torrent is a string: the file.
func (k Transfer) Torrent() string { return k.Key("torrent") }

// Digest is a string: SHA-256 of the file.
func (k Transfer) Digest() string { return k.Key("digest") }

// FirstStarted is a string: RFC 3339.
func (k Transfer) FirstStarted() string { return k.Key("first_started") }

// LastStarted is a string: RFC 3339.
func (k Transfer) LastStarted() string { return k.Key("last_started") }

// FirstCompleted is a string: RFC 3339.
func (k Transfer) FirstCompleted() string { return k.Key("first_completed") }

// LastCompleted is a string: RFC 3339.
func (k Transfer) LastCompleted() string { return k.Key("last_completed") }

// Summary is a string: see lua/chapters/swarm.lua.
func (k Transfer) Summary() string { return k.Key("summary") }

// Peers is a set: ip:port.
func (k Transfer) Peers() string { return k.Key("peers:N") }

// Representatives is a set: ip:port.
func (k Transfer) Representatives() string { return k.Key("peers:R") }

// Seeders is a set: ip:port.
func (k Transfer) Seeders() string { return k.Key("peers:S") }

// Leechers is a set: ip:port.
func (k Transfer) Leechers() string { return k.Key("peers:L") }

// Paused is a set: ip:port.
func (k Transfer) Paused() string { return k.Key("peers:P") }

// Racks is a set: Location.
func (k Transfer) Racks() string { return k.Key("racks") }

// Hosts is a string: parts of the index, see lua/chapters/index.lua.
func (k Transfer) Hosts() string { return k.Key("hosts") }

// Progress is a hash: sums.
func (k Transfer) Progress() string { return k.Key("progress") }

// Pages is a sorted set: page by unix time.
func (k Transfer) Pages() string { return k.Key("pages") }

// Leases is a hash: tokens of places.
func (k Transfer) Leases() string { return k.Key("leases") }

// Deferred is a hash: unix time by peer id and key.
func (k Transfer) Deferred() string { return k.Key("deferred") }

// Racks6 is a hash: rack by IPv4, by rack by IPv6.
func (k Transfer) Racks6() string { return k.Key("racks6") }

// Peer is a hash: the record of the host at an address.
func (k Transfer) Peer(addr netip.AddrPort) string { return k.Record(addr.String()) }

// Record is likewise, of an address as it is stored.
func (k Transfer) Record(address string) string { return string(k) + ":peer:" + address }

// The keys of one rack.

// RackPeers is a set: ip:port.
func (k Transfer) RackPeers(rack tracker.Location) string { return k.group(rack, "N") }

// RackRepresentatives is a set: ip:port of those who represent a group.
func (k Transfer) RackRepresentatives(rack tracker.Location) string { return k.group(rack, "R") }

// RackSeeders is a set: ip:port.
func (k Transfer) RackSeeders(rack tracker.Location) string { return k.group(rack, "S") }

// RackProgress is a hash: sums.
func (k Transfer) RackProgress(rack tracker.Location) string { return k.group(rack, "progress") }

func (k Transfer) group(path tracker.Location, part string) string {
	return string(k) + ":rack:" + string(path) + ":" + part
}

// Swarm is a string: how many stand in the swarm of a group, and who represents it.
func (k Transfer) Swarm(group string) string { return string(k) + ":rack:" + group }

// GlobalSwarm is likewise that of the outermost groups' representatives.
func (k Transfer) GlobalSwarm() string { return k.Key("swarm") }

package redisstore

import (
	"net/netip"
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// The names of all keys. What each holds is told in lua/README.md.

// Global keys: each lies in a slot of its own, so no script touches them.
const (
	keySchema             = "p2ptracker"          // string: version of this key model
	keyData               = "p2ptracker_data"     // string: names these data, so that others in their place are known
	keyLost               = "p2ptracker_lost"     // string: for a while after the data were lost
	keyRacks              = "racks"               // set: all racks ever seen
	keyTransfers          = "transfers"           // set: all info hashes seen
	keyActiveTransfers    = "active_transfers"    // set: the active ones
	keySelfRegistered     = "self_registered"     // sorted set: those that registered themselves, by unix time
	keyUnregistered       = "unregistered"        // sorted set: those nobody registered, by unix time
	keyArchiving          = "archiving"           // set: those that are being archived
	keyTorrents           = "torrents"            // hash: torrent name -> info hash
	keySettings           = "settings"            // sorted set: what frontends have set that must be alike, by unix time
	keyLocationGeneration = "location_generation" // string: how often all locations were forgotten
)

// keyLeases is a hash: leases of a group, by the host's address and the info hash of
// its transfer. It lies in the group's slot.
func keyLeases(group tracker.Location) string { return "leases:{" + string(group) + "}" }

// keyWanted is a string: the highest wish for one of these leases that was denied; see lease.lua.
func keyWanted(group tracker.Location) string { return keyLeases(group) + ":wanted" }

// keyLocation is a string: what the location sources said last of a host; see
// formatLocated.
func keyLocation(ip netip.Addr) string { return "location:" + ip.String() }

// keySecret is a string: what connection ids of an hour (unix time / 3,600) are made with.
func keySecret(hour int64) string { return "udp_secret:" + strconv.FormatInt(hour, 10) }

// keyRackHosts is a set: all hosts (ip) ever seen in a rack.
func keyRackHosts(rack tracker.Location) string { return "rack:" + string(rack) }

// transferKeys makes the names of one transfer's keys. Their common hash tag
// keeps them in one slot.
type transferKeys string

func keysOf(hash tracker.InfoHash) transferKeys {
	return transferKeys("{" + hash.String() + "}")
}

func (k transferKeys) key(name string) string { return string(k) + ":" + name }

func (k transferKeys) registered() string     { return k.key("registered") }      // string: RFC 3339
func (k transferKeys) deregistered() string   { return k.key("deregistered") }    // string: RFC 3339
func (k transferKeys) closed() string         { return k.key("closed") }          // string: RFC 3339, perhaps " stop"
func (k transferKeys) name() string           { return k.key("name") }            // string
func (k transferKeys) length() string         { return k.key("length") }          // string: bytes
func (k transferKeys) torrent() string        { return k.key("torrent") }         // string: the file
func (k transferKeys) digest() string         { return k.key("digest") }          // string: SHA-256 of the file
func (k transferKeys) firstStarted() string   { return k.key("first_started") }   // string: RFC 3339
func (k transferKeys) lastStarted() string    { return k.key("last_started") }    // string: RFC 3339
func (k transferKeys) firstCompleted() string { return k.key("first_completed") } // string: RFC 3339
func (k transferKeys) lastCompleted() string  { return k.key("last_completed") }  // string: RFC 3339
func (k transferKeys) summary() string        { return k.key("summary") }         // string: see lua/chapters/summary.lua
func (k transferKeys) peers() string          { return k.key("peers:N") }         // set: ip:port
func (k transferKeys) representatives() string {
	return k.key("peers:R") // set: ip:port
}
func (k transferKeys) seeders() string  { return k.key("peers:S") }  // set: ip:port
func (k transferKeys) leechers() string { return k.key("peers:L") }  // set: ip:port
func (k transferKeys) paused() string   { return k.key("peers:P") }  // set: ip:port
func (k transferKeys) racks() string    { return k.key("racks") }    // set: Location
func (k transferKeys) hosts() string    { return k.key("hosts") }    // string: parts of the index, see lua/chapters/identities.lua
func (k transferKeys) progress() string { return k.key("progress") } // hash: sums
func (k transferKeys) pages() string    { return k.key("pages") }    // sorted set: page by unix time
func (k transferKeys) leases() string   { return k.key("leases") }   // hash: tokens of places
func (k transferKeys) deferred() string { return k.key("deferred") } // hash: unix time by peer id and key
func (k transferKeys) racks6() string   { return k.key("racks6") }   // hash: rack by IPv4, by rack by IPv6

// peer is a hash: the record of the host at an address.
func (k transferKeys) peer(addr netip.AddrPort) string { return k.record(addr.String()) }

// record is likewise, of an address as it is stored.
func (k transferKeys) record(address string) string { return string(k) + ":peer:" + address }

// The sets of one rack.
func (k transferKeys) rackPeers(rack tracker.Location) string { return k.group(rack, "N") }

func (k transferKeys) rackRepresentatives(rack tracker.Location) string {
	return k.group(rack, "R")
}
func (k transferKeys) rackSeeders(rack tracker.Location) string  { return k.group(rack, "S") }
func (k transferKeys) rackProgress(rack tracker.Location) string { return k.group(rack, "progress") }

func (k transferKeys) group(path tracker.Location, part string) string {
	return string(k) + ":rack:" + string(path) + ":" + part
}

// swarm is a string: how many stand in the swarm of a group, and who represents it.
func (k transferKeys) swarm(group string) string { return string(k) + ":rack:" + group }

// globalSwarm is likewise that of the outermost groups' representatives.
func (k transferKeys) globalSwarm() string { return k.key("swarm") }

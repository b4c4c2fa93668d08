--[[
announce: records one host of a transfer, elects it where a place is free, and
hands out its peers, in one atomic step. Hosts that only announce again are served
by `again`, as long as nothing else is to be done.

Invariants: a group never has more than max_repr live representatives, and only
they are ever handed beyond it, or handed others from beyond it (R1); nobody is handed himself, an expired or a
stopped host, nor a seeder a seeder (R4); the sets counted are the sets kept (R9).

KEYS
   1 {HASH}:registered       2 {HASH}:closed           3 {HASH}:name
   4 {HASH}:length           5 {HASH}:first_started    6 {HASH}:last_started
   7 {HASH}:first_completed  8 {HASH}:last_completed   9 {HASH}:summary
  10 {HASH}:peers:N         11 {HASH}:peers:R         12 {HASH}:peers:S
  13 {HASH}:peers:L         14 {HASH}:peers:P         15 {HASH}:racks
  16 {HASH}:hosts           17 {HASH}:progress        18 {HASH}:shelves
  19 {HASH}:leases          20 {HASH}:deferred        21 {HASH}:racks6
  22 {HASH}:peer:ADDRESS
  23… of the location, from the rack outwards: of the rack N, S, progress; of each group the
      swarm and R; last {HASH}:swarm. Their names are derived (keys.lua), as those of other
      hosts' groups must be; they are declared all the same.

ARGV
   1 now          unix time in seconds; empty: the clock of Redis
   2 seed         of this call's random choice, an unsigned 32 bit number
   3 address      ip:port where peers reach the host
   4 also         its ip:port of the other family; may be empty
   5 peer_id      20 bytes
   6 key          as sent; may be empty
   7 event        started, completed, stopped, paused or empty
   8 left         bytes; empty: not known
   9 uploaded     bytes
  10 downloaded   bytes
  11 want         peers wanted, 0 to MAXPEERS
  12 max_repr     representatives of a group
  13 ttl          seconds of silence after which a host is not live
  14 compact      True or False, as asked for
  15 ids          1: peer ids are wanted too; else empty
  16 auto         1: an unknown transfer may become active; reserved: it does; else empty
  17 location     path of groups, the rack last
  18 hostname     may be empty
  19 scope        of max_repr: transfer, or rack: of all transfers together
  20 lease        GROUP ADDRESS TOKEN that was taken for the host; else empty
  21 probe_interval  seconds between two probes of a representative; empty: none
  22 look         1: tell which representatives nobody has probed for long; else empty
  23 named        1: its client named one of the addresses, and did not announce from there; else empty
  24 hosts_per_address  hosts at one IP address
  25 rules        a word for all that a stamp depends on
  26 came_first   with a lease only: 1 if the host lacks something and represented nothing at first; else empty

Returns {status} or {status, summary, represents, also, address, joined, came, ids, told, view…}.
summary: see summary.lua; represents: how many of its groups the host represents; also, address: by
which it is handed out to others. A view is several texts: one for each swarm that the host sees,
from its rack outwards (swarm.lua), and behind each those of some shelves (shelves.lua), on which
its representatives may stand, too, and the host itself: the frontend chooses. joined: 1 if the host
was not live before. came: 1 if it lacks something and represented nothing before: the views of the
swarms around groups that it represents then end with those who came last (draw.lua), where leechers are
more than seeders. ids: an address and its peer id by turns, of all in the texts; none if not asked
for. told: what the frontend is to do, a string each:
  registered NAME            the transfer registered itself; it has no name
  started REGISTERED NOW NAME  the first host started; since when the transfer is registered, its name
  complete RACK HOSTS SEEDED STARTED NOW NAME  the rack is complete, or without RACK the transfer: so
                             many hosts, so many of which never lacked anything; when the first started
  promoted                   to count: a place was taken
  demoted WHY GROUP ADDRESS SILENT LEFT NAME  a place was lost, by a host that was silent for so many
                             seconds; so many representatives are left
  lease GROUP ADDRESS RANK LEFT NAME  a place is free: take a lease, and announce again with it; RANK:
                             how urgently, see needed.lua; so many representatives the group has
  renew GROUP ADDRESS        the same lease, anew
  settle GROUP ADDRESS TOKEN a lease was given back
  defer                      let it ask again in some seconds, it is not recorded: see defer.lua
  crowded                    likewise: its IP address has as many hosts as it may, and none is gone
  check ADDRESS CLAIMED AFTER ALSO  probe this representative after so many seconds; ALSO
                             may be empty

Status: 1 recorded, or told to come back; 0 the transfer is not active, nothing was written;
-1 likewise, and an operator wants its clients to stop; -2 likewise, and it may register itself if
`reserve` lets it.

Cost: grows with want and max_repr, never with the swarm. At most 16 hosts on 16 shelves
expire, and where more are due, the representatives on the host's own path.
]]
local registered, closed, name, length, first_started, last_started, first_completed, last_completed,
  summary_key, peers_N, peers_R, peers_S, peers_L, peers_P, racks, hosts, progress, shelves,
  leases, deferred, racks6 = unpack(KEYS, 1, 21)
local now, seed, address, also, peer_id, key, event, left, uploaded, downloaded, want, max_repr, ttl,
  compact, ids, auto, location, hostname, scope, lease, probe_interval, look, named,
  hosts_per_address, rules, came_first = unpack(ARGV, 1, 26)
want, max_repr, ttl, hosts_per_address =
  tonumber(want), tonumber(max_repr), tonumber(ttl), tonumber(hosts_per_address)
local call = redis.call
-- The clock is that of Redis: those of the frontends may disagree.
now = tonumber(now) or tonumber(call('TIME')[1])
-- Who was last seen by then is due.
local due = now - ttl
-- Some who are due may still be there: all that is handed out must be looked at twice.
local backlog = false

-- include: keys
-- include: shelf
-- include: path
-- include: summary
-- include: host
-- include: state
-- include: swarm
-- include: shelves
-- include: put
-- include: draw
-- include: clock
-- include: identities
-- include: enrol
-- include: lose
-- include: progress
-- include: swarms
-- include: leases
-- include: forget
-- include: machine
-- include: expire
-- include: find
-- include: defer
-- include: record
-- include: settle
-- include: probing
-- include: needed
-- include: places
-- include: elect
-- include: stamp
-- include: handout

-- note_use keeps when somebody announced, where nobody is live: see evict.
local function note_use()
  if summary.complete + summary.incomplete == 0 then
    summary.oldest = now
  end
end

local inactive = not call('GET', registered) and activate()
if inactive then
  return { inactive }
end
if summary.oldest <= due then
  backlog = expire()
end
note_use()

local host, path = settle(load_host(address))
local represents, views = 0, {}
if named ~= '' and host.address then -- frontends do not connect to where a client likes
  call('HSET', record_key(host.address), 'probed', 'never')
end
if host.live then
  represents = elect(host, path)
  write_state(host)
  write_stamp(host, path, represents)
  if look ~= '' then
    claim_overdue(path, represents)
  end
  hand_out(host, path, represents, views)
end
note_use()
write_summary()
tell_completed()
return { 1, call('GET', summary_key), represents, host.also or '', host.address or address,
  host.joined and 1 or 0, comes(host) and 1 or 0, ids ~= '' and peer_ids(views) or {},
  all_told(), unpack(views) }

--[[
announce: records one host of a transfer, elects it where a place is free, and
hands out its peers, in one atomic step.

Invariants: a group never has more than max_repr live representatives, and only
they are ever handed beyond it (R1); nobody is handed himself, an expired or a
stopped host, nor a seeder a seeder (R4); the sets counted are the sets kept (R9).

KEYS
   1 {HASH}:registered       2 {HASH}:closed           3 {HASH}:name
   4 {HASH}:length           5 {HASH}:first_started    6 {HASH}:last_started
   7 {HASH}:first_completed  8 {HASH}:last_completed   9 {HASH}:peers:N
  10 {HASH}:peers:R         11 {HASH}:peers:S         12 {HASH}:peers:L
  13 {HASH}:peers:P         14 {HASH}:racks           15 {HASH}:hosts
  16 {HASH}:progress        17 {HASH}:oldest          18 {HASH}:leases
  19 {HASH}:peer:ADDRESS
  20… the groups of the location, from the rack outwards: of the rack N, R, S,
      seeders, leechers, progress, list:N, list:L; of each further group R, seeders,
      leechers, list:N, list:L; last the {HASH}:swarm's seeders, leechers. Their names
      are derived (keys.lua), as those of other hosts' groups must be; they are
      declared all the same.

ARGV
   1 now          unix time in seconds; empty: the clock of Redis
   2 seed         of this call's random choices, an unsigned 32 bit number
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
  16 auto         1: an unknown transfer becomes active; else empty
  17 location     path of groups, the rack last
  18 hostname     may be empty
  19 scope        of max_repr: transfer, or rack: of all transfers together
  20 lease        GROUP ADDRESS TOKEN that was taken for the host; else empty
  21 probe_interval  seconds between two probes of a representative; empty: none
  22 look         1: tell which representatives nobody has probed for long; else empty

Returns {status} or {status, complete, incomplete, downloaded, joined, represents,
peers, ids, told}. joined: 1 if the host was not live before; represents: how many of its
groups it represents. peers: empty, or a number and then hosts, a line each, their one
or two addresses parted by a blank. As many as the number says are handed out in any
case and in this order; if there are more, those are the rest of the rack, perhaps with
the host itself, for the frontend to choose from. ids: a peer id for each host, or none
if not asked for. told: what the frontend is to do, a string each:
  promoted                   to count: a place was taken
  demoted WHY                to count: a place was lost
  lease GROUP ADDRESS        a place is free: take a lease, and announce again with it
  renew GROUP ADDRESS        the same lease, anew
  settle GROUP ADDRESS TOKEN a lease was given back
  check ADDRESS CLAIMED AFTER ALSO  probe this representative after so many seconds; ALSO
                             may be empty

Status: 1 recorded; 0 the transfer is not active, nothing was written.

Cost: grows with want and max_repr, never with the swarm. At most 16 hosts of 4 racks
expire, and where more are due, the representatives on the host's own path.
]]
local registered, closed, name, length, first_started, last_started, first_completed,
  last_completed, peers_N, peers_R, peers_S, peers_L, peers_P, racks, hosts, progress,
  oldest, leases, own_record = unpack(KEYS, 1, 19)
local now, seed, address, also, peer_id, key, event, left, uploaded, downloaded, want, max_repr, ttl,
  compact, ids, auto, location, hostname, scope, lease, probe_interval, look = unpack(ARGV, 1, 22)
want, max_repr, ttl = tonumber(want), tonumber(max_repr), tonumber(ttl)
local call = redis.call
-- The clock is that of Redis: those of the frontends may disagree.
now = tonumber(now) or tonumber(call('TIME')[1])
-- Who was last seen by then is due.
local due = now - ttl
-- Some who are due may still be there: all that is handed out must be looked at twice.
local backlog = false

-- include: keys
-- include: host
-- include: rare
-- include: elect
-- include: handout

if not call('GET', registered) and not rare().activate() then
  return { 0 }
end

if call('ZCOUNT', oldest, '-inf', due) > 0 then
  backlog = rare().expire()
end

local host = load_host(address)
local path
-- The common case: the host last seen at this address announces again, and nothing has
-- changed but numbers.
if host and host.live and host.address == address and host.id == peer_id .. key
  and host.rack == location and (also == '' or also == host.also)
  and host.state == (left == '0' and 'seeder' or 'leecher')
  and (host.left == left or host.left ~= '' and left ~= '')
  and event == '' and not backlog then
  path = swarms_of(location)
  host.seen = now
  if host.left ~= left then
    local by = string.format('%.0f', left - host.left)
    call('HINCRBY', progress, 'left', by)
    call('HINCRBY', path[1] .. ':progress', 'left', by)
  end
  call('HSET', own_record, 'last_seen', now, 'left', left, 'uploaded', uploaded, 'downloaded', downloaded)
  call('ZADD', path[1] .. kind(host), now, contact(host))
else
  host, path = rare().settle(host)
end

local represents, peers, id_list = 0, '', {}
if host.live then
  local representatives
  represents, representatives = elect(host, path)
  -- A claim is overdue after two intervals, and the longest probe with its report: its
  -- frontend has ended.
  for _, members in ipairs(look ~= '' and representatives or {}) do
    for _, addr in ipairs(members) do
      local probed = tonumber(call('HGET', record_key(addr), 'probed'))
      if not probed or probed + 2 * probe_interval + 10 <= now then
        rare().claim_probe(addr, 0)
      end
    end
  end
  peers, id_list = hand_out(host, path, represents, representatives)
end
return { 1, call('SCARD', peers_S), call('SCARD', peers_L),
  tonumber(call('HGET', progress, 'completed')) or 0, host.joined and 1 or 0, represents,
  peers, id_list, rarely and rarely.all_told() or {} }

--[[
announce: records one host of a transfer, elects it where a place is free, and
hands out its peers, in one atomic step. Hosts that only announce again are served
by `again`, as long as nothing else is to be done.

Invariants: a group never has more than max_repr live representatives. Only they are handed out
outside of the group, and are handed hosts from outside (R1). No host is handed itself or a host
that expired or stopped, and no seeder is handed a seeder (R4). The sets counted are the sets kept
(R9).

KEYS
   1 {HASH}:registered       2 {HASH}:closed           3 {HASH}:name
   4 {HASH}:length           5 {HASH}:first_started    6 {HASH}:last_started
   7 {HASH}:first_completed  8 {HASH}:last_completed   9 {HASH}:summary
  10 {HASH}:peers:N         11 {HASH}:peers:R         12 {HASH}:peers:S
  13 {HASH}:peers:L         14 {HASH}:peers:P         15 {HASH}:racks
  16 {HASH}:hosts           17 {HASH}:progress        18 {HASH}:pages
  19 {HASH}:leases          20 {HASH}:deferred        21 {HASH}:racks6
  22 {HASH}:peer:ADDRESS
  23… of the location, from the rack outwards: of the rack N, S, progress; of each group the
      swarm and R; last {HASH}:swarm. They are declared, but derived by names.lua, as those of
      other hosts' groups must be.

ARGV
   1 now          unix time in seconds; empty: the clock of Redis
   2 ttl          seconds of silence after which a host is not live
   3 seed         of this call's random choice, an unsigned 32 bit number
   4 address      ip:port where peers reach the host
   5 also         its ip:port of the other family; may be empty
   6 peer_id      20 bytes
   7 key          as sent; may be empty
   8 event        started, completed, stopped, paused or empty
   9 left         bytes; empty: not known
  10 uploaded     bytes
  11 downloaded   bytes
  12 want         peers wanted, 0 to MAXPEERS
  13 compact      True or False, as asked for
  14 ids          1: peer ids are wanted too; else empty
  15 auto         1: an unknown transfer may become active; reserved: it does; else empty
  16 location     path of groups, the rack last
  17 hostname     may be empty
  18 max_repr     representatives of a group
  19 scope        of max_repr: transfer, or rack: of all transfers together
  20 word         for the rules that a stamp depends on
  21 lease        GROUP ADDRESS TOKEN that was taken for the host; else empty
  22 probe_interval  seconds between two probes of a representative; empty: none
  23 look         1: find representatives that nobody has probed for long; else empty
  24 named        1: the client named one of the addresses, but did not announce from it; else empty
  25 hosts_per_address  hosts at one IP address
  26 slow_news    1: peers hear late of the client's new pieces, see clients.lua; else empty

Returns {status} or {status, summary, represents, also, address, joined, ids, effects, view…}.
  summary     see swarm.lua
  represents  how many of its groups the host represents
  also, address  by which it is handed out to others
  joined      1 if the host was not live before
  ids         an address and its peer id by turns, of all hosts in the views, if asked for
  effects     what the frontend is to do, below
  view        several texts: of each swarm that the host sees, from its rack outwards, the swarm's
              (swarm.lua), then some of its pages (pages.lua). The swarm's representatives and the
              host itself may be on the pages. The frontend chooses whom to hand out

An effect is a string:
  registered NAME   the transfer registered itself; it has no name
  started REGISTERED NOW NAME  the first host started; since when the transfer is registered
  complete RACK HOSTS SEEDED STARTED NOW NAME
                    the rack, or without RACK the transfer, is complete: how many hosts, how many of
                    them never lacked anything, when the first started
  promoted          a place was taken; to be counted
  demoted WHY GROUP ADDRESS SILENT LEFT NAME
                    a place was lost: for how many seconds the host was silent, how many
                    representatives are left
  lease GROUP ADDRESS RANK LEFT NAME
                    a place is free: take a lease, and announce again with it; RANK: how urgently,
                    see rank.lua; LEFT: representatives of the group
  renew GROUP ADDRESS  take the same lease anew
  settle GROUP ADDRESS TOKEN  a place was lost: end its lease
  defer             the host is to announce again in some seconds, see clients.lua
  crowded           likewise: its IP address has as many hosts as it may, and none is gone
  check ADDRESS CLAIMED AFTER ALSO
                    probe this representative after so many seconds; ALSO may be empty

Status: 1 recorded, deferred or crowded; 0 the transfer is not active, nothing was written;
-1 likewise, and an operator wants its clients to stop; -2 likewise, and it may register itself if
`reserve` lets it.

Cost: grows with want and max_repr, never with the swarm. At most 16 hosts on 16 pages expire, and
if more are due, the representatives on the host's own path.
]]
local call = redis.call

-- include: clock
-- include: names
-- include: pages
-- include: host
-- include: liveness
-- include: swarm
-- include: places
-- include: sums
-- include: index
-- include: machine
-- include: leases
-- include: rank
-- include: expiry
-- include: identity
-- include: clients
-- include: record
-- include: probing
-- include: election
-- include: handout

local a = {
  seed = ARGV[3], address = ARGV[4], also = ARGV[5], id = ARGV[6] .. ARGV[7], peer_id = ARGV[6], key = ARGV[7],
  event = ARGV[8], left = ARGV[9], uploaded = ARGV[10], downloaded = ARGV[11], want = tonumber(ARGV[12]),
  compact = ARGV[13], auto = ARGV[15], location = ARGV[16], hostname = ARGV[17], scope = ARGV[19],
  hosts_per_address = tonumber(ARGV[25]), slow_news = ARGV[26] ~= '',
}
local rules = {
  max_repr = tonumber(ARGV[18]), scope = ARGV[19], word = ARGV[20], lease = ARGV[21], probe_interval = ARGV[22],
}
local ids, look, named = ARGV[14] ~= '', ARGV[23] ~= '', ARGV[24] ~= ''

-- activate makes a transfer active that nobody registered, unless an operator ended it or the host
-- stops. It returns the status if the transfer stays inactive.
local function activate()
  local ended = call('GET', key('closed'))
  if ended or a.auto == '' or a.event == 'stopped' then
    return string.find(ended or '', ' stop', 1, true) and -1 or 0
  elseif a.auto ~= 'reserved' then
    return -2
  end
  call('SET', key('registered'), rfc3339(now))
  tell('registered', '')
end

-- note_use writes when somebody announced, while nobody is live; evict reads it.
local function note_use()
  if summary.complete + summary.incomplete == 0 then
    summary.oldest = now
  end
end

local inactive = not call('GET', key('registered')) and activate()
if inactive then
  return { inactive }
end
if summary.oldest <= due then
  expire()
end
note_use()

local recorded = load_host(a.address)
local host = (rules.lease == '' and record_announce or find_recorded)(a, recorded)
local represents, seen = 0, {}
if named and host.address then -- no frontend connects to an address of a client's choice
  call('HSET', record_key(host.address), 'probed', 'never')
end
if host.live then
  local path = swarms_of(host.rack)
  represents = elect(host, path, rules)
  write_state(host)
  stamp(host, path, represents, rules)
  if look then
    claim_overdue(path, represents, rules.probe_interval)
  end
  seen = views(host, path, represents, a)
end
note_use()
write_summary()
tell_completed()
return { 1, call('GET', key('summary')), represents, host.also or '', host.address or a.address,
  host.joined and 1 or 0, ids and peer_ids(seen) or {}, all_effects(), unpack(seen) }

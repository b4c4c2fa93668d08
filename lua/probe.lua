--[[
probe: how a probe of a representative ended. A dead one loses its places. The frontend goes on to
probe the others.

A representative is dead if it answered a probe before, does not answer this one, and has not
announced since it began. One that never answered is behind a firewall, and so is one that twice
did not answer but announced with progress. Probes say nothing of these, and come rarely; only
silence counts.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peers:R   4 {HASH}:pages
   5 {HASH}:summary      6 {HASH}:peer:ADDRESS

ARGV
   1 now       unix time in seconds; empty: the clock of Redis
   2 address   ip:port of the representative
   3 claimed   the second in which this frontend claimed it
   4 took      seconds that the probe took, rounded up
   5 alive     1: it answered; else empty
   6 probe_interval  seconds between two probes

Returns {status, effects}. effects: as in announce.

Status: 1 probe again, see the effects; 2 it was dead, and has lost its places; 3 it represents
nothing any more, or another frontend probes it.

Cost: constant.
]]
local call = redis.call

-- include: clock
-- include: names
-- include: pages
-- include: host
-- include: swarm
-- include: places
-- include: probing

local registered, peers_R, record = KEYS[1], KEYS[3], KEYS[6]
local _, address, claimed, took, alive, probe_interval = unpack(ARGV, 1, 6)
-- Intervals between two probes of a host behind a firewall. Its probes time out, and delay those
-- that tell something.
local RARELY = 10

local host = load_host(address)
local probed, mark_then, reachable, seen, uploaded =
  unpack(call('HMGET', record, 'probed', 'mark', 'reachable', 'last_seen', 'uploaded'))
if call('EXISTS', registered) == 0 or not host or not host.live or probed ~= claimed
  or call('SISMEMBER', peers_R, address) == 0 then
  return { 3, {} }
end

local announced = tonumber(seen) > now - took
local progressed = mark_then ~= host.left .. ' ' .. uploaded
if alive == '1' then
  call('HSET', record, 'reachable', 'True')
elseif not announced and reachable and reachable ~= 'False' then
  lose_places(host, swarms_of(host.rack), 1, 'probe')
  write_state(host)
  write_summary()
  return { 2, all_effects() }
elseif not announced or progressed then
  reachable = reachable == 'True' and 'Doubtful' or 'False'
  call('HSET', record, 'reachable', reachable)
end
claim_probe(address, probe_interval * (alive == '' and reachable == 'False' and RARELY or 1), probe_interval)
return { 1, all_effects() }

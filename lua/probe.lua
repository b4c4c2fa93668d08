--[[
probe: how a probe of a representative ended. One that is dead loses its places; of another one
the frontend goes on to probe.

Dead is who has answered a probe before, does not answer this one, and has not announced since
it began. Of who never answered one, or twice announced with progress while he did not, probes
say nothing: he is behind a firewall, and only silence counts.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peers:R   4 {HASH}:peer:ADDRESS

ARGV
   1 now       unix time in seconds; empty: the clock of Redis
   2 address   ip:port of the representative
   3 claimed   the second in which this frontend claimed it
   4 took      seconds that the probe took, rounded up
   5 alive     1: it answered; else empty

Returns {status, now, told}. now: the second of the next claim. told: as in announce.

Status: 1 probe again; 2 it was dead, and has lost its places; 3 it represents nothing any
more, or another frontend probes it.

Cost: constant.
]]
local registered, leases, peers_R, record = unpack(KEYS, 1, 4)
local now, address, claimed, took, alive = unpack(ARGV, 1, 5)
local call = redis.call
now = tonumber(now) or tonumber(call('TIME')[1])

-- include: keys
-- include: host
-- include: lose
-- include: probing

local host = load_host(address)
local probed, mark, reachable, seen, uploaded =
  unpack(call('HMGET', record, 'probed', 'mark', 'reachable', 'last_seen', 'uploaded'))
if call('EXISTS', registered) == 0 or not host or not host.live or probed ~= claimed
  or call('SISMEMBER', peers_R, address) == 0 then
  return { 3, 0, {} }
end

local announced = tonumber(seen) > now - took
local progressed = mark ~= host.left .. ' ' .. uploaded
if alive == '1' then
  call('HSET', record, 'reachable', 'True')
elseif not announced and reachable and reachable ~= 'False' then
  withdraw(host, swarms_of(host.rack), 1, 'probe')
  return { 2, 0, all_told() }
elseif not announced or progressed then
  call('HSET', record, 'reachable', reachable == 'True' and 'Doubtful' or 'False')
end
claim_probe(address)
return { 1, now, {} }

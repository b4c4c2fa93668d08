--[[
lease: takes or renews one host's lease of a group, under REPR_SCOPE=rack.

Invariant (R8): at most max_repr machines hold leases of a group that have not run out, over all
transfers together. A machine is the ip of a host's address: two clients of one machine use the
uplink as one. If max_repr is lowered, those that came first stay, and the others may not renew.

The place itself is in the transfer, perhaps on another server. There it is held for ttl and a
quarter from the moment that the token names. Here the lease runs longer, by as much as the
servers' clocks may differ.

A request that is denied is noted as wanted. Until its host has a lease, or for a minute, no lower
request gets one: so a lease that was ended for the request goes to it.

KEYS
   1 leases:{GROUP}   2 leases:{GROUP}:wanted

ARGV
   1 now        unix time in microseconds; empty: the clock of Redis
   2 address    ip:port of the host
   3 hash       info hash of its transfer
   4 max_repr   machines that may hold leases
   5 ttl        seconds of silence after which a host is not live
   6 rank       of the request, see chapters/rank.lua; empty: the host has the lease already

Returns {status, token, doubtful}. token: unix time in microseconds, higher than any before; empty
if there is none. doubtful: leases of others, ADDRESS HASH TOKEN RANK each, for `confirm`: perhaps
their places are not held any more, or are lost to a request of this rank, the highest that waits.
At most 8 are named, each once in 10 s. If this request is the first of its rank, 64 that are 10 s
old are.

Status: 1 the host has a lease by this token, instead of the one it may have had; 2 denied: all
leases are taken, or a higher request waits.

Cost: grows with max_repr and the number of transfers.
]]
local leases, wanted = unpack(KEYS, 1, 2)
local now, address, hash, max_repr, ttl, rank = unpack(ARGV, 1, 6)
max_repr, ttl = tonumber(max_repr), tonumber(ttl)
local call = redis.call
if now == '' then
  local time = call('TIME')
  now = time[1] * 1e6 + time[2]
end
now = tonumber(now)
local SLACK = 60 -- seconds by which clocks may differ
local CHECK_INTERVAL = 10 -- seconds between two checks of a lease
local CHECKS = { ordinary = 8, urgent = 64 } -- leases named in a call
local life = 1.25 * ttl + SLACK
-- Seconds that all this is kept without a new lease: longer than any lease, even if PEER_TTL is
-- raised meanwhile.
local KEPT = 86400
local WANTED = 60 -- seconds that a denied request waits: longer than between two announces

local function machine_of(addr)
  return string.match(addr, '^(.*):')
end

-- The highest request that waits.
local requested_at, highest = string.match(call('GET', wanted) or '', '^(%d+) (%S+)$')
if not requested_at or requested_at / 1e6 > now / 1e6 or requested_at / 1e6 + WANTED <= now / 1e6 then
  highest = ''
end
-- Lower requests may just have had all leases checked.
local urgent = rank > highest
local checks = urgent and CHECKS.urgent or CHECKS.ordinary

-- Each lease is a field ADDRESS HASH with the value TOKEN CHECKED SINCE: when it was last named as
-- doubtful, and its first token. The field `last` is the highest token there was.
local own, machine = address .. ' ' .. hash, machine_of(address)
local last, first, doubtful = 0, {}, {}
local fields = call('HGETALL', leases)
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  local token, checked, since = string.match(value, '^(%d+) (%d+) (%d+)$')
  if field == 'last' then
    last = tonumber(value)
  elseif token / 1e6 + life <= now / 1e6 then
    call('HDEL', leases, field)
  else
    local holder = machine_of(field)
    first[holder] = math.min(first[holder] or tonumber(since), tonumber(since))
    local seen = urgent and since or checked
    if holder ~= machine and seen / 1e6 + CHECK_INTERVAL <= now / 1e6 and #doubtful < checks then
      doubtful[#doubtful + 1] = { field, token, since }
    end
  end
end

local before = 0 -- machines that have held leases for longer than this one
for holder, since in pairs(first) do
  if holder ~= machine and (not first[machine] or since < first[machine]) then
    before = before + 1
  end
end
local known = call('HGET', leases, own)
if before >= max_repr or not known and rank < highest then
  if rank ~= '' and rank >= highest then
    highest = rank
    call('SET', wanted, string.format('%.0f %s', now, rank), 'EX', WANTED)
  end
  for i, other in ipairs(doubtful) do
    local field, token, since = unpack(other)
    call('HSET', leases, field, string.format('%s %.0f %s', token, now, since))
    doubtful[i] = field .. ' ' .. token .. ' ' .. highest
  end
  return { 2, '', doubtful }
end

if highest ~= '' and rank >= highest then
  call('DEL', wanted)
end
local token = string.format('%.0f', math.max(now, last + 1))
local since = string.match(known or token, '%d+$')
call('HSET', leases, own, token .. ' ' .. token .. ' ' .. since, 'last', token)
call('EXPIRE', leases, math.max(math.ceil(life), KEPT))
return { 1, token, {} }

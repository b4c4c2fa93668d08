--[[
confirm: whether a place is held by a lease, under REPR_SCOPE=rack. If it is, it is held by
this token from now on, if that is higher. If it is not, then neither will it be by this token,
so that the lease may be released.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peer:ADDRESS
   4… the group's R; seeders and leechers of the swarm around it

ARGV
   1 group     path of the group that the host represents
   2 address   ip:port of the host
   3 token     of the lease
   4 ttl       seconds of silence after which a host is not live

Returns {status}.

Status: 1 held; 2 not held.

Cost: constant.
]]
local registered, leases = KEYS[1], KEYS[2]
local represented, address, token, ttl = unpack(ARGV, 1, 4)
local call = redis.call
-- The transfer is over: a place may yet be taken by who does not know, if it is registered anew.
local FENCE_TTL = 3600

-- include: keys
-- include: host
-- include: good

local host = load_host(address)
local path = swarms_of(represented)
local active = call('EXISTS', registered) == 1
if active and host and host.live and call('SISMEMBER', path[1] .. ':R', host.address) == 1 then
  local place = represented .. ' ' .. host.address
  if tonumber(token) > tonumber(call('HGET', leases, place) or 0) then
    call('HSET', leases, place, token)
    local seen = tonumber(call('HGET', record_key(host.address), 'last_seen'))
    call('ZADD', path[2] .. kind(host), math.min(seen, good_for(token)), contact(host))
  end
  return { 1 }
end

if tonumber(token) > tonumber(call('HGET', leases, represented) or 0) then
  call('HSET', leases, represented, token)
end
if not active then
  call('EXPIRE', leases, FENCE_TTL)
end
return { 2 }

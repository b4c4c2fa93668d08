--[[
confirm: whether a place is held by a lease, under REPR_SCOPE=rack. If it is, it is held by
this token from now on, if that is higher. If it is not, since the host does not represent the
group, is due, or has another address by now, then neither will it be by
this token, so that the lease may be released.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peer:ADDRESS
   4… the group's R

ARGV
   1 group     path of the group that the host represents
   2 address   ip:port of the host
   3 token     of the lease
   4 ttl       seconds of silence after which a host is not live; of no account if the
               transfer is over
   5 now       unix time in seconds; empty: the clock of Redis

Returns {status}.

Status: 1 held; 2 not held.

Cost: constant.
]]
local registered, leases, _, representatives = unpack(KEYS, 1, 4)
local represented, address, token, ttl, now = unpack(ARGV, 1, 5)
local call = redis.call
now, ttl = tonumber(now) or tonumber(call('TIME')[1]), tonumber(ttl) or 0
-- A transfer that is over may be registered anew while a late announce is still under way: for
-- a day it cannot take a place by a lease of before.
local FENCE_TTL = 86400

-- include: keys
-- include: host

local host = load_host(address)
local active = call('EXISTS', registered) == 1
local seen = host and tonumber(call('HGET', record_key(host.address), 'last_seen'))
local held = active and host and host.live and host.address == address and seen > now - ttl
  and call('SISMEMBER', representatives, host.address) == 1
local place = represented .. ' ' .. address
if held then
  if tonumber(token) > tonumber(call('HGET', leases, place) or 0) then
    call('HSET', leases, place, token)
  end
  return { 1 }
end

-- Without a token the host is a representative no more as soon as somebody looks.
if tonumber(call('HGET', leases, place) or 0) <= tonumber(token) then
  call('HDEL', leases, place)
end
if tonumber(token) > tonumber(call('HGET', leases, represented) or 0) then
  call('HSET', leases, represented, token)
end
if not active then
  call('EXPIRE', leases, FENCE_TTL)
end
return { 2 }

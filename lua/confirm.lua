--[[
confirm: whether a place is held by a lease, under REPR_SCOPE=rack. If it is, this token holds it
from now on, if it is higher than the one before. It is not held if the host does not represent the
group, is due, or has another address by now. Then this token cannot take the place any more, so
the lease may be released.

If another transfer requests the lease, a host that fetches nothing loses its place, unless its own
transfer ranks as high (rank.lua).

Invariants: those of announce.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peers:R   4 {HASH}:pages
   5 {HASH}:summary      6 {HASH}:peer:ADDRESS
   7… the group's R

ARGV
   1 now       unix time in seconds; empty: the clock of Redis
   2 ttl       seconds of silence after which a host is not live; not used if the transfer is over
   3 group     path of the group that the host represents
   4 address   ip:port of the host
   5 token     of the lease
   6 rank      of the other transfer's request; empty if there is none

Returns {status, effects}. effects: as in announce.

Status: 1 held; 2 not held, or not any more.

Cost: constant.
]]
local call = redis.call

-- include: clock
-- include: names
-- include: pages
-- include: host
-- include: liveness
-- include: swarm
-- include: places
-- include: rank

local registered, leases, group_R = KEYS[1], KEYS[2], KEYS[7]
local _, _, group, address, token, rank = unpack(ARGV, 1, 6)
-- Seconds. A transfer that is over may be registered anew while a late announce is under way. That
-- must not take a place by a lease of before.
local FENCE_TTL = 86400

-- lose_to_higher makes the host lose its place if the other transfer's request ranks higher, and
-- returns whether it has.
local function lose_to_higher(host)
  local path = swarms_of(host.rack)
  local level = level_of(path, tag .. ':rack:' .. group)
  if host.state == 'leecher' or not level or rank_of(host, path, level) >= rank then
    return false
  end
  lose_places(host, path, level, 'yielded')
  write_state(host)
  write_summary()
  return true
end

local host = load_host(address)
local active = call('EXISTS', registered) == 1
local held = active and host and host.live and host.address == address and not is_due(address)
  and call('SISMEMBER', group_R, address) == 1
local place = group .. ' ' .. address
if held and (rank == '' or not lose_to_higher(host)) then
  if tonumber(token) > tonumber(call('HGET', leases, place) or 0) then
    call('HSET', leases, place, token)
  end
  return { 1, {} }
end

-- Without a token the host loses its place when its lease is checked next.
if tonumber(call('HGET', leases, place) or 0) <= tonumber(token) then
  call('HDEL', leases, place)
end
if tonumber(token) > tonumber(call('HGET', leases, group) or 0) then
  call('HSET', leases, group, token)
end
if not active then
  call('EXPIRE', leases, FENCE_TTL)
end
return { 2, all_effects() }

--[[
confirm: whether a place is held by a lease, under REPR_SCOPE=rack. If it is, it is held by
this token from now on, if that is higher. If it is not, since the host does not represent the
group, is due, or has another address by now, then neither will it be by
this token, so that the lease may be released.

If another transfer wants the lease, a host that fetches nothing loses the place to it, unless its
own transfer needs it as much (needed.lua).

Invariants: those of announce.

KEYS
   1 {HASH}:registered   2 {HASH}:leases   3 {HASH}:peers:R   4 {HASH}:shelves
   5 {HASH}:summary      6 {HASH}:peer:ADDRESS
   7… the group's R

ARGV
   1 group     path of the group that the host represents
   2 address   ip:port of the host
   3 token     of the lease
   4 ttl       seconds of silence after which a host is not live; of no account if the
               transfer is over
   5 now       unix time in seconds; empty: the clock of Redis
   6 rank      of the other transfer's wish; empty if there is none

Returns {status, told}. told: as in announce.

Status: 1 held; 2 not held, or not any more.

Cost: constant; with a rank up to 64 hosts are looked at.
]]
local registered, leases, peers_R, shelves, summary_key, record, group_R = unpack(KEYS, 1, 7)
local represented, address, token, ttl, now, rank = unpack(ARGV, 1, 6)
local call = redis.call
now, ttl = tonumber(now) or tonumber(call('TIME')[1]), tonumber(ttl) or 0
local due = now - ttl
-- A transfer that is over may be registered anew while a late announce is still under way: for
-- a day it cannot take a place by a lease of before.
local FENCE_TTL = 86400

-- include: keys
-- include: shelf
-- include: path
-- include: summary
-- include: host
-- include: state
-- include: swarm
-- include: shelves
-- include: lose
-- include: needed

-- give_way withdraws the host if the other transfer's wish ranks higher, and returns whether it has.
local function give_way(host)
  local path = swarms_of(host.rack)
  local level = level_of(path, tag .. ':rack:' .. represented)
  if host.state == 'leecher' or not level or rank_of(host, path, level) >= rank then
    return false
  end
  withdraw(host, path, level, 'yielded')
  write_state(host)
  write_summary()
  return true
end

local host = load_host(address)
local active = call('EXISTS', registered) == 1
local seen = host and tonumber(call('HGET', record, 'last_seen') or 0)
local held = active and host and host.live and host.address == address and seen > due
  and call('SISMEMBER', group_R, host.address) == 1
local place = represented .. ' ' .. address
if held and (rank == '' or not give_way(host)) then
  if tonumber(token) > tonumber(call('HGET', leases, place) or 0) then
    call('HSET', leases, place, token)
  end
  return { 1, {} }
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
return { 2, all_told() }

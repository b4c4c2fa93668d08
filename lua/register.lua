--[[
register: keeps an uploaded torrent and makes its transfer active.

Invariant: a transfer has one torrent, under one name. A second call with the same arguments
changes nothing.

KEYS
   1 {HASH}:registered     2 {HASH}:closed   3 {HASH}:name
   4 {HASH}:length         5 {HASH}:torrent  6 {HASH}:deregistered
   7 {HASH}:digest

ARGV
   1 now       unix time in seconds; empty: the clock of Redis
   2 name      of the torrent
   3 length    bytes of the payload
   4 torrent   the bytes uploaded
   5 digest    of these bytes

Returns {status, name}. name: of the transfer's torrent.

Status: 1 registered; 2 it was there already; 3 its torrent has another name; 4 its archive is
under way: finish that, then call again.

Cost: constant.
]]
local call = redis.call

-- include: clock

local registered, closed, name, length, torrent, deregistered, digest = unpack(KEYS, 1, 7)
local _, new_name, new_length, new_torrent, new_digest = unpack(ARGV, 1, 5)

if call('EXISTS', deregistered) == 1 then
  return { 4, '' }
end
local known = call('EXISTS', torrent) == 1
local old_name = call('GET', name) or ''
if known and old_name ~= new_name then
  return { 3, old_name }
end

call('DEL', closed)
call('SETNX', registered, rfc3339(now))
call('MSET', name, new_name, length, new_length, torrent, new_torrent, digest, new_digest)
return { known and 2 or 1, new_name }

--[[
reserve: lets a transfer register itself, if there are not too many of that kind. Of those that are
there, whoever nobody used for long is named, so that the frontend lets it go: see evict.

Invariant: no more than `most` transfers are in the set, and whatever registers itself is in it.

KEYS
   1 self_registered

ARGV
   1 now    unix time in seconds; empty: the clock of Redis
   2 hash   of the transfer
   3 most   transfers that may register themselves
   4 ttl    seconds of silence after which a host is not live
   5 gone   transfers that are active no more, parted by blanks; may be empty
   6 used   transfers that somebody used, and the unix time since when perhaps nobody did, by turns

Returns {status} or {status, idle}. idle: transfers that perhaps nobody used for ttl, at most 8.

Status: 1 the transfer may register itself; 2 there are too many.

Cost: grows with gone and used.
]]
local set = KEYS[1]
local now, hash, most, ttl, gone, used = unpack(ARGV, 1, 6)
local call = redis.call
now = tonumber(now) or tonumber(call('TIME')[1])
local LOOKS = 8

-- One that was reserved anew meanwhile stays.
for other in string.gmatch(gone, '%S+') do
  if tonumber(call('ZSCORE', set, other) or now) <= now - ttl then
    call('ZREM', set, other)
  end
end
for other, since in string.gmatch(used, '(%S+) (%d+)') do
  call('ZADD', set, 'XX', 'GT', since, other)
end
if not call('ZSCORE', set, hash) and call('ZCARD', set) >= tonumber(most) then
  return { 2, call('ZRANGEBYSCORE', set, '-inf', now - ttl, 'LIMIT', 0, LOOKS) }
end
call('ZADD', set, now, hash)
return { 1 }

--[[
reserve: lets a transfer register itself, if there are not too many of that kind. Else it names
those that nobody used for long, and the frontend evicts them.

Invariant: at most `most` transfers are in the set, and every transfer that registered itself is in
it.

KEYS
   1 self_registered

ARGV
   1 now    unix time in seconds; empty: the clock of Redis
   2 hash   of the transfer
   3 most   transfers that may register themselves
   4 ttl    seconds of silence after which a host is not live
   5 gone   transfers that are not active any more, with blanks between; may be empty
   6 used   transfers in use, each followed by the unix time since when perhaps nobody used it

Returns {status} or {status, idle}. idle: transfers that perhaps nobody used for ttl, at most 8.

Status: 1 the transfer may register itself; 2 there are too many.

Cost: grows with gone and used.
]]
local set = KEYS[1]
local now, hash, most, ttl, gone, used = unpack(ARGV, 1, 6)
local call = redis.call
now = tonumber(now) or tonumber(call('TIME')[1])
local NAMED = 8

-- A transfer that was reserved anew meanwhile stays.
for other in string.gmatch(gone, '%S+') do
  if tonumber(call('ZSCORE', set, other) or now) <= now - ttl then
    call('ZREM', set, other)
  end
end
for other, since in string.gmatch(used, '(%S+) (%d+)') do
  call('ZADD', set, 'XX', 'GT', since, other)
end
if not call('ZSCORE', set, hash) and call('ZCARD', set) >= tonumber(most) then
  return { 2, call('ZRANGEBYSCORE', set, '-inf', now - ttl, 'LIMIT', 0, NAMED) }
end
call('ZADD', set, now, hash)
return { 1 }

--[[
settings: settings that must be alike on all frontends. Each frontend writes its own again and
again, and reads those of the others. Those of a frontend that ended are removed.

KEYS
   1 settings

ARGV
   1 now       unix time in seconds; empty: the clock of Redis
   2 keep      seconds for which a setting is kept
   3 settings  FRONTEND NAME VALUE, a line each

Returns {status, setting…}. setting: FRONTEND NAME VALUE, of all frontends.

Status: 1 always.

Cost: grows with the number of frontends.
]]
local said = KEYS[1]
local now, keep, settings = unpack(ARGV, 1, 3)
local call = redis.call
now, keep = tonumber(now) or tonumber(call('TIME')[1]), tonumber(keep)

call('ZREMRANGEBYSCORE', said, '-inf', now - keep)
call('ZREMRANGEBYSCORE', said, '(' .. now, '+inf') -- the clock was set back
for setting in string.gmatch(settings, '[^\n]+') do
  call('ZADD', said, now, setting)
end
call('EXPIRE', said, keep)
return { 1, unpack(call('ZRANGE', said, 0, -1)) }

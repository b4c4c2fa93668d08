--[[
mark: whether Redis takes writes. It writes the version of the key model again. It never overwrites
another version, which may have come since the frontend read it.

KEYS
   1 p2ptracker

ARGV
   1 version   of the key model

Returns {status}.

Status: 1 written; 0 another version is there, or none, and nothing was written.

Cost: constant.
]]
local key, version = KEYS[1], ARGV[1]
if redis.call('GET', key) ~= version then
  return { 0 }
end
redis.call('SET', key, version)
return { 1 }

--[[
moment: the clock, and the generation of locations. The age of a location is by this one clock,
also in a cluster whose servers differ.

KEYS
   1 location_generation

ARGV: none

Returns {status, generation, seconds, microseconds}. generation: a string, or nil if there
is none; then the unix time.

Status: 1 always.

Cost: constant.
]]
local time = redis.call('TIME')
return { 1, redis.call('GET', KEYS[1]), time[1], time[2] }

--[[
scrape: counts the hosts of a transfer (R9). They are live as of the last announce: only
announces let hosts expire.

KEYS
   1 {HASH}:registered   2 {HASH}:peers:S   3 {HASH}:peers:L
   4 {HASH}:peers:P      5 {HASH}:progress

ARGV: none

Returns {status} or {status, complete, incomplete, downloaded, downloaders}.

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, peers_S, peers_L, peers_P, progress = unpack(KEYS, 1, 5)
local call = redis.call

if not call('GET', registered) then
  return { 0 }
end
local incomplete = call('SCARD', peers_L)
return { 1, call('SCARD', peers_S), incomplete, tonumber(call('HGET', progress, 'completed')) or 0,
  incomplete - call('SCARD', peers_P) }

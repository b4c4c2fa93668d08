--[[
scrape: counts the hosts of a transfer (R9). They are live as of the last announce: only
announces let hosts expire.

KEYS
   1 {HASH}:registered   2 {HASH}:summary   3 {HASH}:peers:P

ARGV: none

Returns {status} or {status, summary, paused}. summary: as in announce; paused: how many of the
incomplete download nothing (BEP 21).

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, summary, peers_P = unpack(KEYS, 1, 3)
local call = redis.call

if not call('GET', registered) then
  return { 0 }
end
return { 1, call('GET', summary) or '0 0 0 0', call('SCARD', peers_P) }

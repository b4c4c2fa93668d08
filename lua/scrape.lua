--[[
scrape: counts the live hosts of a transfer (R9), as of the last announce: a scrape expires no
host.

KEYS
   1 {HASH}:registered   2 {HASH}:summary   3 {HASH}:peers:P

ARGV: none

Returns {status} or {status, summary, paused}. summary: as in announce; paused: partial seeds among
the incomplete (BEP 21).

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, summary, peers_P = unpack(KEYS, 1, 3)
local call = redis.call

if not call('GET', registered) then
  return { 0 }
end
return { 1, call('GET', summary) or '0 0 0 0', call('SCARD', peers_P) }

--[[
statistics: how far a transfer is, from running sums.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:last_started     5 {HASH}:first_completed  6 {HASH}:last_completed
   7 {HASH}:peers:N          8 {HASH}:peers:S          9 {HASH}:peers:L
  10 {HASH}:peers:P        11 {HASH}:progress

ARGV: none

Returns {status} or {status, peers, seeders, leechers, paused, values, progress}.
values: length and the four dates, each empty if not known; progress: fields and
values of the sums, by turns.

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, _, _, _, _, _, peers_N, peers_S, peers_L, peers_P, progress = unpack(KEYS, 1, 11)
local call = redis.call

if not call('GET', registered) then
  return { 0 }
end
local values = call('MGET', unpack(KEYS, 2, 6))
for i = 1, 5 do
  values[i] = values[i] or ''
end
return { 1, call('SCARD', peers_N), call('SCARD', peers_S), call('SCARD', peers_L), call('SCARD', peers_P),
  values, call('HGETALL', progress) }
